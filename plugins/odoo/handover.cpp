// The step admin_handover: the tenant's administrator has a name and a sign-in, and nobody else has one.
#include "engine.hpp"

namespace tenantry::odoo {

namespace {

// The groups of an owner, as far as the database has them: everybody in it, its settings, stock and tills.
Result<std::string> owner_groups(Database& database) {
  const Reply rows = database.search_read(
      "ir.model.data",
      {json::array{"model", "=", "res.groups"},
       json::array{"name", "in",
                   json::array{"group_user", "group_system", "group_stock_manager", "group_pos_manager"}}},
      {"name", "res_id"});
  if (!rows.ok()) return ending_of(rows.fault(), database.concern("groups of users", "to look for them"));
  std::string ids;
  for (const json::object& row : rows.rows()) ids += (ids.empty() ? "" : ",") + std::to_string(id_of(row, "res_id"));
  return done(std::move(ids));
}

Wanted owner_user(const Blueprint& plan, int major, std::string_view password, const std::string& groups) {
  Wanted user{"res.users",
              "owner",
              "user " + plan.owner_email,
              {json::array{"login", "=", plan.owner_email}},
              {{"name", plan.owner_name},
               {"login", plan.owner_email},
               {"email", plan.owner_email},
               {"password", std::string(password)}}};
  if (!groups.empty()) user.fields.emplace_back(major >= 19 ? "group_ids/.id" : "groups_id/.id", groups);
  return user;
}

// Other doors into a database that was copied: signs that somebody can come in who should not.
Result<std::vector<Drift>> open_doors(Site& site, Database& database, const Blueprint& plan, const Key& owner) {
  std::vector<Drift> open;
  for (const Key& door : {Key{"admin", "admin"}, site.maker}) {
    if (door.password.empty() || (door.login == owner.login && door.password == owner.password)) continue;
    const Reply in = site.database(plan.database).sign_in(door.login, door.password);
    if (in.is(Remedy::cancelled)) return cancelled();
    if (in.ok()) open.push_back({"sign-in as " + door.login, "refused", "accepted"});
    if (!in.ok() && !in.fault().is("odoo.access_denied"))
      return ending_of(in.fault(), database.concern("sign-in as " + door.login, "to be refused"));
  }
  const Reply keys = database.search_read("res.users.apikeys", {}, {"name"});
  if (!keys.ok()) return ending_of(keys.fault(), database.concern("API keys", "to look for them"));
  for (const json::object& key : keys.rows())
    if (!is_our_key(text_of(key, "name"))) open.push_back({"API key " + text_of(key, "name"), "none", "there"});
  return done(std::move(open));
}

json::object owner_fields(const Blueprint& plan) {
  json::object fields{{"name", plan.owner_name}};
  if (!plan.owner_email.empty()) fields["email"] = plan.owner_email;
  return fields;
}

}  // namespace

Result<Handover> Engine::hand_over(Context& context, Asked request, Who tenant, Where server,
                                   const Platform& platform) {
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  const Blueprint& plan = work->plan;
  Database& database = work.value().database;
  if (plan.mode == Mode::existing_database) {
    if (plan.owner_email.empty() || plan.owner_email == plan.admin_login)
      return already_done(Handover{plan.admin_login, platform.user, {}, {}});
    const auto groups = owner_groups(database);
    if (!groups.has_value()) return groups.ending();
    const auto kept = ensure(
        database,
        {owner_user(plan, database.major(), context.find_secret("tenant.admin_password").value_or(""), *groups)});
    if (!kept.has_value()) return kept.ending();
    return answer(Handover{plan.owner_email, kept->ids[0], kept->made, {}}, !kept->made.empty());
  }
  const auto changes = apply(database, "res.users", platform.user, owner_fields(plan));
  if (!changes.has_value()) return changes.ending();
  Maker maker(plan, wire(context, server, plan), platform.major, context);
  const auto open =
      open_doors(*maker.site, database, plan, {plan.owner_login, secret_or_empty(context, "tenant.admin_password")});
  if (!open.has_value()) return open.ending();
  if (!open->empty() && platform.created) {
    const Drift& door = open->front();
    return give_up({"odoo.door_open", "conflict", door.what, door.expected, door.found,
                    "Remove it from the template and from the database " + plan.database + ", then Continue."});
  }
  return answer(Handover{plan.owner_login, platform.user, {}, *changes}, !changes->empty());
}

Verdict Engine::verify_hand_over(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                 Maybe<Handover> output) {
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return looked(work.ending());
  const Blueprint& plan = work->plan;
  Database& database = work.value().database;
  if (plan.mode == Mode::existing_database) {
    if (plan.owner_email.empty() || plan.owner_email == plan.admin_login)
      return verdict({}, Handover{plan.admin_login, platform.user, {}, {}});
    const auto found = survey(database, {owner_user(plan, database.major(), "", "")});
    if (!found.has_value()) return looked(found.ending());
    return verdict(found->drift,
                   output ? *output : Handover{plan.owner_email, found->kept.ids[0], found->kept.made, {}});
  }
  const auto drift = compare(database, "res.users", platform.user, owner_fields(plan));
  if (!drift.has_value()) return looked(drift.ending());
  const Notes notes = notes_of(context);
  return verdict(*drift, output ? *output : Handover{plan.owner_login, platform.user, {}, notes.changing});
}

Result<Nothing> Engine::undo_hand_over(Context& context, Asked request, Who tenant, Where server,
                                       const Platform& platform, Maybe<Handover> output) {
  if (platform.created) return done();
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  const Notes notes = notes_of(context);
  if (work->plan.mode == Mode::new_database)
    return put_back(work.value().database, output ? output->changes : notes.changing);
  const auto left = take_back(work.value().database, {owner_user(work->plan, work->database.major(), "", "")},
                              output ? output->made : notes.creating);
  if (!left.has_value()) return left.ending();
  return done();
}

}  // namespace tenantry::odoo
