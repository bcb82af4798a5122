// Steps 7 to 10: the walk-in customer, the till, its first session, and what has to hold for a sale to be booked.
#include "engine.hpp"

namespace tenantry::erpnext {

namespace {

Wanted customer_of(const Blueprint& plan, const Platform& platform, const Company& company) {
  const std::string name = plan.own_name(plan.customer, company.abbr);
  // Without an explicit name a repetition would silently make a second one, "Walk-in Customer - 1".
  return {"Customer",
          name,
          {{"name", name},
           {"customer_name", name},
           {"customer_type", "Individual"},
           {"customer_group", platform.customer_group},
           {"territory", platform.territory}}};
}

Wanted profile_of(const Blueprint& plan, const Platform& platform, const Company& company, const Chart& chart,
                  const Warehouses& warehouses, const Customer& customer) {
  const std::string name = plan.own_name(plan.pos_profile, company.abbr);
  json::array payments;
  for (const ModeAccount& mode : chart.payment_modes)
    payments.push_back({{"mode_of_payment", mode.mode}, {"default", payments.empty() ? 1 : 0}});
  json::object fields{{"name", name},
                      {"company", company.name},
                      {"warehouse", warehouses.shop},
                      {"currency", company.currency},
                      {"selling_price_list", platform.price_list},
                      {"customer", customer.name},
                      {"write_off_account", company.write_off_account},
                      {"write_off_cost_center", company.cost_center},
                      {"write_off_limit", 1},
                      {"update_stock", 1},
                      {"payments", std::move(payments)}};
  if (!platform.owner_user.empty())
    fields["applicable_for_users"] = json::array{json::object{{"user", platform.owner_user}, {"default", 1}}};
  return {"POS Profile",
          name,
          std::move(fields),
          {{"company", company.name}, {"warehouse", warehouses.shop}, {"currency", company.currency}}};
}

// ---- sessions ----

constexpr auto kOpening = "POS Opening Entry";

Result<std::vector<json::object>> look_for_sessions(Site& site, const std::string& profile) {
  const json::array filters{json::array{"pos_profile", "=", profile}};
  const Reply reply = site.list(kOpening, filters, {"name", "status", "docstatus", "user", "_user_tags"});
  if (!reply.ok()) return ending_of(reply.fault(), site.concern("POS sessions of " + profile, "to look for them"));
  return done(reply.rows());
}

// The one that is open or may be opened; an open one first.
const json::object* usable(const std::vector<json::object>& sessions) {
  const json::object* draft = nullptr;
  for (const json::object& one : sessions) {
    if (text_of(one, "docstatus") == "1" && text_of(one, "status") == "Open") return &one;
    if (text_of(one, "docstatus") == "0" && !draft) draft = &one;
  }
  return draft;
}

Ending no_account(const Company& company) {
  return give_up({"erpnext.no_write_off_account", "missing_dependency", "Company " + company.name,
                  "a write-off account and a cost centre", "none",
                  "Set the company's write-off account and cost centre in ERPNext, then rerun the company step."});
}

std::vector<Setting> sale_settings(const PosProfile& profile) {
  return {{"POS Profile", profile.name, {{"update_stock", 1}, {"disabled", 0}}}};
}

}  // namespace

// ---- step 7 ----

Result<Customer> Engine::make_customer(Context& context, Asked request, Who tenant, Where server,
                                       const Platform& platform, const Company& company) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const Wanted wanted = customer_of(work->plan, platform, company);
  const auto made = ensure(work.value().site, {wanted}, work->options());
  if (!made.has_value()) return made.ending();
  return answer(Customer{wanted.name, *made}, !made->empty());
}

Verdict Engine::verify_customer(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                const Company& company, Maybe<Customer> output) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const Wanted wanted = customer_of(work->plan, platform, company);
  auto found = survey(work.value().site, {wanted});
  if (!found.has_value()) return found.ending();
  return verdict(found->drift, output ? *output : Customer{wanted.name, found->made});
}

Result<Nothing> Engine::undo_customer(Context& context, Asked request, Who tenant, Where server,
                                      const Platform& platform, const Company& company, Maybe<Customer>) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const auto left = take_back(work.value().site, {customer_of(work->plan, platform, company)});
  if (!left.has_value()) return left.ending();
  return done();
}

Result<Plan> Engine::plan_customer(Context& context, Asked request, Who tenant, Where server, Maybe<Platform> platform,
                                   Maybe<Company> company) {
  auto at = address(context, request, tenant, server);
  if (!at.has_value()) return at.ending();
  if (!platform || !company) return done(Plan{{{"create", "Customer " + at->plan.customer, "unless it exists"}}});
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const auto actions = foresee(work.value().site, {customer_of(work->plan, *platform, *company)});
  if (!actions.has_value()) return actions.ending();
  return done(Plan{*actions});
}

// ---- step 8 ----

Result<PosProfile> Engine::make_pos_profile(Context& context, Asked request, Who tenant, Where server,
                                            const Platform& platform, const Company& company, const Chart& chart,
                                            const Warehouses& warehouses, const Customer& customer) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  if (company.write_off_account.empty() || company.cost_center.empty()) return no_account(company);
  const Wanted wanted = profile_of(work->plan, platform, company, chart, warehouses, customer);
  const auto made = ensure(work.value().site, {wanted}, work->options());
  if (!made.has_value()) return made.ending();
  return answer(PosProfile{wanted.name, *made}, !made->empty());
}

Verdict Engine::verify_pos_profile(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                   const Company& company, const Chart& chart, const Warehouses& warehouses,
                                   const Customer& customer, Maybe<PosProfile> output) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const Wanted wanted = profile_of(work->plan, platform, company, chart, warehouses, customer);
  auto found = survey(work.value().site, {wanted});
  if (!found.has_value()) return found.ending();
  return verdict(found->drift, output ? *output : PosProfile{wanted.name, found->made});
}

Result<Nothing> Engine::undo_pos_profile(Context& context, Asked request, Who tenant, Where server,
                                         const Platform& platform, const Company& company, const Chart& chart,
                                         const Warehouses& warehouses, const Customer& customer, Maybe<PosProfile>) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const auto left =
      take_back(work.value().site, {profile_of(work->plan, platform, company, chart, warehouses, customer)});
  if (!left.has_value()) return left.ending();
  return done();
}

// ---- step 9 ----

// A draft is made, marked and only then submitted: posting docstatus 1 would skip half of ERPNext's checks, and a draft
// that a lost attempt left behind is submitted instead of making a second session.
Result<std::optional<Session>> Engine::open_session(Context& context, Asked request, Who tenant, Where server,
                                                    const Platform& platform, const Company& company,
                                                    const Chart& chart, const PosProfile& profile) {
  if (!request.pos_store_enabled) return skipped("the point of sale is not wanted open");
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  Site& site = work.value().site;
  const Mark mark(context);
  const std::string title = "POS session of " + profile.name;
  const Notes earlier = notes_of(context);

  auto sessions = look_for_sessions(site, profile.name);
  if (!sessions.has_value()) return sessions.ending();
  bool just_made = false;
  if (!usable(*sessions)) {
    std::string user = platform.owner_user;
    if (user.empty()) {
      const Reply who = site.ask("frappe.auth.get_logged_user");
      if (!who.ok()) return ending_of(who.fault(), site.concern(title, "to know its user"));
      user = as_text(who.value());
    }
    Notes notes = earlier;
    if (!notes.has(title)) {
      notes.creating.push_back(title);
      context.save(notes);
    }
    json::array balances;
    for (const ModeAccount& mode : chart.payment_modes)
      balances.push_back({{"mode_of_payment", mode.mode}, {"opening_amount", 0}});
    const std::string now = local_time(*work->plan.country, std::chrono::system_clock::now());
    const Reply made = site.create(kOpening, {{"pos_profile", profile.name},
                                              {"company", company.name},
                                              {"user", user},
                                              {"period_start_date", now},
                                              {"posting_date", now.substr(0, 10)},
                                              {"balance_details", std::move(balances)}});
    if (!made.ok() && !made.fault().unknown_outcome) return ending_of(made.fault(), site.concern(title, "to make it"));
    sessions = look_for_sessions(site, profile.name);
    if (!sessions.has_value()) return sessions.ending();
    if (!usable(*sessions)) {
      if (!made.ok()) return ending_of(made.fault(), site.concern(title, "to make it"));
      return try_again({"erpnext.session_lost", "transient", title, "to see it after making it", "nothing",
                        "Wait a moment, then Continue."});
    }
    just_made = true;
  }

  const json::object row = *usable(*sessions);
  const std::string name = text_of(row, "name");
  const Concern concern = site.concern(std::string(kOpening) + " " + name, "to open it");
  bool ours = mark.holder(text_of(row, "_user_tags")) == Holder::this_run;
  if (!ours && (just_made || earlier.has(title)) && mark.holder(text_of(row, "_user_tags")) == Holder::nobody) {
    const Reply tagged = site.tag(kOpening, name, mark.tag());
    if (!tagged.ok()) return ending_of(tagged.fault(), concern);
    ours = true;
  }
  if (text_of(row, "docstatus") == "0") {
    const Reply submitted = site.update(kOpening, name, {{"docstatus", 1}});
    if (!submitted.ok()) return ending_of(submitted.fault(), concern);
  }
  return answer(std::optional(Session{name, text_of(row, "user"), ours}), ours);
}

Verdict Engine::verify_session(Context& context, Asked request, Who tenant, Where server, const Platform&,
                               const Company&, const Chart&, const PosProfile& profile, Maybe<Session> output) {
  if (!request.pos_store_enabled) return in_sync();
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const auto sessions = look_for_sessions(work.value().site, profile.name);
  if (!sessions.has_value()) return sessions.ending();
  const std::string title = "POS session of " + profile.name;
  // A till that was opened, used and closed is as it should be.
  if (output)
    for (const json::object& one : *sessions)
      if (text_of(one, "name") == output->name && text_of(one, "docstatus") == "1") return verdict({}, *output);
  const json::object* row = usable(*sessions);
  if (!row) return drifted(title, "open", "none");
  if (text_of(*row, "docstatus") != "1") return drifted(title, "open", "a draft");
  const Holder holder = Mark(context).holder(text_of(*row, "_user_tags"));
  if (holder == Holder::nobody && notes_of(context).has(title))
    return drifted(title, "marked as the tenant's", "not marked");
  return verdict({}, Session{text_of(*row, "name"), text_of(*row, "user"), holder == Holder::this_run});
}

Result<Nothing> Engine::undo_session(Context& context, Asked request, Who tenant, Where server, const Platform&,
                                     const Company&, const Chart&, const PosProfile& profile, Maybe<Session>) {
  if (!request.pos_store_enabled) return done();
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  Site& site = work.value().site;
  const Mark mark(context);
  const Notes notes = notes_of(context);
  const auto sessions = look_for_sessions(site, profile.name);
  if (!sessions.has_value()) return sessions.ending();
  for (const json::object& one : *sessions) {
    const Holder holder = mark.holder(text_of(one, "_user_tags"));
    const bool begun =
        holder == Holder::nobody && notes.has("POS session of " + profile.name) && text_of(one, "docstatus") == "0";
    if (holder != Holder::this_run && !begun) continue;
    const std::string name = text_of(one, "name");
    if (text_of(one, "docstatus") == "1") {
      const Reply ended = site.call("frappe.client.cancel", {{"doctype", kOpening}, {"name", name}});
      // A refusal may mean that it is cancelled already; whether it is shows when it is removed.
      if (ended.is(Remedy::retry) || ended.is(Remedy::cancelled))
        return ending_of(ended.fault(), site.concern(std::string(kOpening) + " " + name, "to cancel it"));
    }
    const Reply removed = site.remove(kOpening, name);
    if (!removed.ok() && !removed.is(Remedy::absent))
      return ending_of(removed.fault(), site.concern(std::string(kOpening) + " " + name, "to remove it"));
  }
  return done();
}

// ---- step 10 ----

Result<Applied> Engine::finish(Context& context, Asked request, Who tenant, Where server, const Company& company,
                               const PosProfile& profile) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const auto changes = apply(work.value().site, sale_settings(profile), false);
  if (!changes.has_value()) return changes.ending();
  if (company.income_account.empty())
    context.warn("the company has no default income account: items need one of their own", {{"company", company.name}});
  context.emit(
      "erpnext.ready",
      {{"url", server.url}, {"site", work->plan.site}, {"company", company.name}, {"pos_profile", profile.name}});
  return answer(Applied{*changes}, !changes->empty());
}

Verdict Engine::verify_finish(Context& context, Asked request, Who tenant, Where server, const Company&,
                              const PosProfile& profile, Maybe<Applied> output) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  auto drift = compare(work.value().site, sale_settings(profile), false);
  if (!drift.has_value()) {
    if (drift.ending().code() == "erpnext.absent") return drifted("POS Profile " + profile.name, "there", "nothing");
    return drift.ending();
  }
  return verdict(*drift, output ? *output : Applied{notes_of(context).changing});
}

Result<Nothing> Engine::undo_finish(Context& context, Asked request, Who tenant, Where server, const Company&,
                                    const PosProfile&, Maybe<Applied> output) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  return put_back(work.value().site, output ? output->changes : notes_of(context).changing);
}

}  // namespace tenantry::erpnext
