// Tills and their sessions: what the methods of the point of sale do.
#pragma once
#include <string>

#include "sandbox/odoo/records.hpp"

namespace tenantry::sandbox::odoo {

// What a payment method is by its journal: "cash", "bank" or "pay_later".
[[nodiscard]] std::string kind_of(const Env& env, Id method);
// The session of a till that is not closed; 0: there is none.
[[nodiscard]] Id open_session(const Env& env, Id till);
// pos.config.open_ui: makes the session unless there is one.
json::value open_till(Env& env, Id till);
// pos.session.set_opening_control: opens it, once.
void open_with_cash(Env& env, Id session, double cash, const std::string& notes);
json::value close_session(Env& env, Id session);
[[nodiscard]] json::value closing_data(Env& env, Id session);
// pos.order.sync_from_ui: orders are known by their uuid.
json::value sync_orders(Env& env, const json::value& orders);

}  // namespace tenantry::sandbox::odoo
