// Step 9: an open session of the till.
#include "session.hpp"

#include "engine.hpp"

namespace tenantry::odoo {

Result<std::optional<OpenSession>> open_session_of(Database& database, std::int64_t till) {
  const Reply rows = database.search_read(
      "pos.session",
      {json::array{"config_id", "=", till}, json::array{"state", "!=", "closed"}, json::array{"rescue", "=", false}},
      {"name", "state"});
  if (!rows.ok()) return ending_of(rows.fault(), database.concern("POS session", "to look for it"));
  std::optional<OpenSession> found;
  if (const auto all = rows.rows(); !all.empty())
    found = OpenSession{id_of(all[0], "id"), text_of(all[0], "name"), text_of(all[0], "state")};
  return done(std::move(found));
}

Result<std::optional<Session>> Engine::open_session(Context& context, Asked request, Who tenant, Where server,
                                                    const Platform& platform, const Till& till) {
  if (!request.pos_store_enabled) return skipped("the point of sale is not to be opened");
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  Database& database = work.value().database;
  const std::string title = "session of " + till.name;
  Notes notes = notes_of(context);
  bool acted = notes.has(title);
  // Opening is two acts, both of which do nothing when they are done: the session comes, and its cash is counted.
  for (int i = 0; i < 3; ++i) {
    const auto found = open_session_of(database, till.id);
    if (!found.has_value()) return found.ending();
    if (*found && (*found)->state != "opening_control") {
      std::optional<Session> output(Session{(*found)->id, (*found)->name, acted});
      if (acted) return done(std::move(output));
      return already_done(std::move(output));
    }
    if (!acted) {
      notes.creating.push_back(title);
      context.save(notes);
      acted = true;
    }
    const bool there = found->has_value();
    const Reply reply =
        there ? database.call({.model = "pos.session",
                               .method = database.major() >= 18 ? "set_opening_control" : "set_cashbox_pos",
                               .named = {{"cashbox_value", 0}, {"notes", "Opened when the shop was set up"}},
                               .ids = json::array{(*found)->id}})
              : database.call({.model = "pos.config", .method = "open_ui", .ids = json::array{till.id}});
    if (!reply.ok() && !reply.is(Remedy::exists))
      return ending_of(reply.fault(), database.concern(title, there ? "to count its cash" : "to open it"));
  }
  return try_again(
      {"odoo.session_unsettled", "transient", title, "open", "still not open", "Wait a moment, then Continue."});
}

Verdict Engine::verify_session(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                               const Till& till, Maybe<Session> output) {
  if (!request.pos_store_enabled) return in_sync();
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return looked(work.ending());
  Database& database = work.value().database;
  const std::string title = "session of " + till.name;
  if (output) {
    // A shop closes its session in the evening: that is no drift.
    const Reply rows = database.search_read("pos.session", {json::array{"id", "=", output->id}}, {"state"});
    if (!rows.ok()) return looked(ending_of(rows.fault(), database.concern(title, "to look for it")));
    if (rows.rows().empty()) return drifted(title, "there", "nothing");
    if (text_of(rows.rows()[0], "state") == "opening_control") return drifted(title, "open", "waiting for its cash");
    return verdict({}, *output);
  }
  const auto found = open_session_of(database, till.id);
  if (!found.has_value()) return looked(found.ending());
  if (!*found || (*found)->state == "opening_control") return drifted(title, "open", *found ? "not yet" : "none");
  return verdict({}, Session{(*found)->id, (*found)->name, notes_of(context).has(title)});
}

Result<Nothing> Engine::undo_session(Context& context, Asked request, Who tenant, Where server,
                                     const Platform& platform, const Till& till, Maybe<Session> output) {
  if (platform.created) return done();
  const std::string title = "session of " + till.name;
  if (output ? !output->made : !notes_of(context).has(title)) return done();
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  Database& database = work.value().database;
  const auto found = open_session_of(database, till.id);
  if (!found.has_value()) return found.ending();
  if (!*found || (output && (*found)->id != output->id)) return done();
  const json::array ids{(*found)->id};
  const Concern concern = database.concern(title, "to close it");
  const Reply sales = database.count(
      "pos.order", {json::array{"session_id", "=", (*found)->id}, json::array{"uuid", "not like", kTrialSale}});
  if (!sales.ok()) return ending_of(sales.fault(), concern);
  if (sales.id() != 0) {
    context.warn("stays open, because something was sold in it", {{"session", (*found)->name}});
    return done();
  }
  const Reply rows =
      database.search_read("pos.session", {json::array{"id", "=", (*found)->id}}, {"cash_register_balance_end"});
  if (!rows.ok()) return ending_of(rows.fault(), concern);
  const auto listed = rows.rows();
  const json::value* cash = listed.empty() ? nullptr : listed[0].if_contains("cash_register_balance_end");
  if ((*found)->state != "opening_control") {
    const Reply counted = database.call({.model = "pos.session",
                                         .method = "post_closing_cash_details",
                                         .named = {{"counted_cash", cash ? *cash : json::value(0)}},
                                         .ids = ids});
    if (!counted.ok()) return ending_of(counted.fault(), concern);
  }
  const Reply closed = database.call({.model = "pos.session",
                                      .method = "close_session_from_ui",
                                      .named = {{"bank_payment_method_diff_pairs", json::array()}},
                                      .ids = ids});
  if (!closed.ok()) return ending_of(closed.fault(), concern);
  const json::object* said = closed.value().if_object();
  if (said && id_of(*said, "successful") != 1)
    return give_up({"odoo.refused", "invalid_input", title, "closed", plain_text(text_of(*said, "message")),
                    "Close the session in Odoo, then roll back again."});
  return done();
}

}  // namespace tenantry::odoo
