// Step 7: the walk-in customer.
#include "engine.hpp"

namespace tenantry::odoo {

namespace {

Wanted customer_of(const Blueprint& plan) {
  return {"res.partner",
          "walk_in",
          "customer " + plan.customer,
          {json::array{"ref", "=", "WALK-IN"}, json::array{"name", "=", plan.customer}},
          {{"name", plan.customer}, {"ref", "WALK-IN"}, {"customer_rank", "1"}}};
}

}  // namespace

Result<Customer> Engine::make_customer(Context& context, Asked request, Who tenant, Where server,
                                       const Platform& platform) {
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  const auto kept = ensure(work.value().database, {customer_of(work->plan)});
  if (!kept.has_value()) return kept.ending();
  return answer(Customer{kept->ids[0], work->plan.customer, kept->made}, !kept->made.empty());
}

Verdict Engine::verify_customer(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                Maybe<Customer> output) {
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return looked(work.ending());
  const auto found = survey(work.value().database, {customer_of(work->plan)});
  if (!found.has_value()) return looked(found.ending());
  return verdict(found->drift, output ? *output : Customer{found->kept.ids[0], work->plan.customer, found->kept.made});
}

Result<Nothing> Engine::undo_customer(Context& context, Asked request, Who tenant, Where server,
                                      const Platform& platform, Maybe<Customer> output) {
  if (platform.created) return done();
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  const auto left =
      take_back(work.value().database, {customer_of(work->plan)}, output ? output->made : notes_of(context).creating);
  if (!left.has_value()) return left.ending();
  return done();
}

Result<Plan> Engine::plan_customer(Context& context, Asked request, Who tenant, Where server,
                                   Maybe<Platform> platform) {
  if (!platform) {
    const auto plan = blueprint(context, request, tenant, server);
    if (!plan.has_value()) return plan.ending();
    return done(Plan{{{"create", "customer " + plan->customer, "unless it exists"}}});
  }
  auto work = enter(context, request, tenant, server, *platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  const auto actions = foresee(work.value().database, {customer_of(work->plan)});
  if (!actions.has_value()) return actions.ending();
  return done(Plan{*actions});
}

}  // namespace tenantry::odoo
