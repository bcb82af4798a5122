#include "engine.hpp"

namespace tenantry::odoo {

namespace {

struct Credentials {
  std::string login, names;
  std::optional<std::string> password, key;
};

Credentials credentials_of(Context& context, const Blueprint& plan) {
  const auto ask = [&](const char* name) -> std::optional<std::string> {
    if (const auto value = context.find_secret(name)) return std::string(*value);
    return std::nullopt;
  };
  if (plan.mode == Mode::existing_database)
    return {plan.admin_login, "server.admin_password and server.api_key", ask("server.admin_password"),
            ask("server.api_key")};
  return {plan.owner_login, "tenant.admin_password and odoo.api_key", ask("tenant.admin_password"), std::nullopt};
}

}  // namespace

// Steps of one tenant that write to the same rows take turns. Side by side they deadlock in PostgreSQL, because all of
// them touch the company; and where Odoo runs on Python 3.11 or older, one that waits for such a row while it holds the
// lock of a cached property stops every thread of the server for good.
constexpr auto kWriting = "odoo.database";

// Making a database and installing modules keep a server busy for a minute and block others of their kind, so that
// they are one at a time on a server. Everything after that is short, and different databases do not know of each
// other.
void Engine::define(Graph<Engine>& g) {
  const auto request = g.request();
  const auto tenant = g.tenant();
  const auto server = g.server();
  using E = Engine;
  const std::initializer_list<std::string_view> secrets{kApiKey, kApiKeyExpires, "tenant.admin_password",
                                                        "server.admin_password", "server.api_key"};
  const std::initializer_list<std::string_view> makers{
      kApiKey,          kApiKeyExpires,           "tenant.admin_password",   "server.admin_password",
      "server.api_key", "server.master_password", "server.template_password"};
  const auto check = g.step("step_0_engine_check", &E::check, request, tenant, server)
                         .title("Engine check")
                         .secrets(makers)
                         .attempts(8, 1s, 60s)
                         .timeout(90s)
                         .expected(300ms)
                         .repeatable()
                         .verify(&E::verify_check);
  const auto prepared = g.step("template_database", &E::prepare, request, tenant, server, check)
                            .title("Template database")
                            .secrets(makers)
                            .attempts(6, 2s, 60s)
                            .timeout(30min)
                            .heartbeat(120s)
                            .wait_limit(2h)
                            .exclusive("odoo.create")
                            .expected(100ms)
                            .repeatable()
                            .undo(&E::undo_prepare)
                            .verify(&E::verify_prepare)
                            .plan(&E::plan_prepare);
  const auto platform = g.step("step_1_platform_setup", &E::set_up, request, tenant, server, check, prepared)
                            .title("Platform setup")
                            .secrets(makers)
                            .attempts(8, 1s, 60s)
                            .timeout(20min)
                            .heartbeat(120s)
                            .wait_limit(30min)
                            .expected(4s)
                            .repeatable()
                            .undo(&E::undo_set_up)
                            .verify(&E::verify_set_up)
                            .plan(&E::plan_set_up);
  g.step("admin_handover", &E::hand_over, request, tenant, server, platform)
      .title("Administrator's hand-over")
      .secrets(makers)
      .attempts(6, 500ms, 20s)
      .timeout(2min)
      .critical(false)
      .expected(1500ms)
      .exclusive(kWriting, true)
      .repeatable()
      .undo(&E::undo_hand_over)
      .verify(&E::verify_hand_over);
  const auto company = g.step("step_2_company", &E::make_company, request, tenant, server, platform)
                           .title("Company")
                           .secrets(secrets)
                           .attempts(6, 500ms, 20s)
                           .timeout(2min)
                           .expected(200ms)
                           .exclusive(kWriting, true)
                           .repeatable()
                           .undo(&E::undo_company)
                           .verify(&E::verify_company)
                           .plan(&E::plan_company);
  const auto chart = g.step("step_3_chart_of_accounts", &E::load_chart, request, tenant, server, platform, company)
                         .title("Chart of accounts")
                         .secrets(secrets)
                         .attempts(6, 500ms, 20s)
                         .timeout(6min)
                         .expected(200ms)
                         .exclusive(kWriting, true)
                         .repeatable()
                         .undo(&E::undo_chart)
                         .verify(&E::verify_chart);
  const auto warehouses = g.step("step_4_warehouses", &E::make_warehouses, request, tenant, server, platform)
                              .title("Warehouses")
                              .secrets(secrets)
                              .attempts(6, 500ms, 20s)
                              .timeout(2min)
                              .critical(false)
                              .expected(900ms)
                              .exclusive(kWriting, true)
                              .repeatable()
                              .undo(&E::undo_warehouses)
                              .verify(&E::verify_warehouses)
                              .plan(&E::plan_warehouses);
  g.step("step_5_settings", &E::apply_settings, request, tenant, server, platform, company, chart)
      .title("Settings")
      .secrets(secrets)
      .attempts(6, 500ms, 20s)
      .timeout(2min)
      .critical(false)
      .expected(400ms)
      .exclusive(kWriting, true)
      .repeatable()
      .undo(&E::undo_settings)
      .verify(&E::verify_settings);
  const auto items = g.step("step_6_items", &E::make_items, request, tenant, server, platform, chart, warehouses)
                         .title("Demo items")
                         .secrets(secrets)
                         .attempts(6, 500ms, 20s)
                         .timeout(5min)
                         .critical(false)
                         .expected(800ms)
                         .exclusive(kWriting, true)
                         .repeatable()
                         .undo(&E::undo_items)
                         .verify(&E::verify_items)
                         .plan(&E::plan_items)
                         .optional();
  const auto customer = g.step("step_7_customer", &E::make_customer, request, tenant, server, platform)
                            .title("Walk-in customer")
                            .secrets(secrets)
                            .attempts(6, 500ms, 20s)
                            .timeout(2min)
                            .critical(false)
                            .expected(200ms)
                            .repeatable()
                            .undo(&E::undo_customer)
                            .verify(&E::verify_customer)
                            .plan(&E::plan_customer);
  const auto till = g.step("step_8_pos_profile", &E::make_till, request, tenant, server, platform, chart, warehouses)
                        .title("Point of sale")
                        .secrets(secrets)
                        .attempts(6, 500ms, 20s)
                        .timeout(2min)
                        .expected(600ms)
                        .exclusive(kWriting, true)
                        .repeatable()
                        .undo(&E::undo_till)
                        .verify(&E::verify_till);
  const auto session = g.step("step_9_pos_session", &E::open_session, request, tenant, server, platform, till)
                           .title("POS session")
                           .secrets(secrets)
                           .attempts(6, 500ms, 20s)
                           .timeout(2min)
                           .critical(false)
                           .expected(500ms)
                           .exclusive(kWriting, true)
                           .repeatable()
                           .undo(&E::undo_session)
                           .verify(&E::verify_session);
  g.step("step_10_post_sale_updates", &E::finish, request, tenant, server, platform, till, items, customer, session)
      .title("Post-sale updates")
      .secrets(secrets)
      .attempts(6, 500ms, 20s)
      .timeout(2min)
      .critical(false)
      .expected(700ms)
      .exclusive(kWriting, true)
      .repeatable()
      .undo(&E::undo_finish)
      .verify(&E::verify_finish);
}

http::Client& Clients::of(const Blueprint& plan) {
  const std::string trust = plan.verify_tls ? "trust " + plan.ca_file : "trust all";
  const std::scoped_lock lock(mutex_);
  auto& client = clients_[trust];
  if (!client) {
    http::Options options;
    options.verify_tls = plan.verify_tls;
    options.ca_file = plan.ca_file;
    options.user_agent = "tenantry-odoo/1.0";
    client = std::make_unique<http::Client>(options);
  }
  return *client;
}

Result<Blueprint> Engine::blueprint(Context& context, Asked request, Who tenant, Where server) const {
  return make_blueprint(request, tenant, server, settings_, context.run_id());
}

Wire Engine::wire(Context& context, Where server, const Blueprint& plan) {
  return {clients_.of(plan), context, {server.id, server.url, plan.host}};
}

Result<Work> Engine::enter(Context& context, Asked request, Who tenant, Where server, std::int64_t major,
                           std::int64_t user, Purpose purpose) {
  auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  Work work{plan.value(), Database(wire(context, server, *plan), plan->database, static_cast<int>(major))};
  Database& database = work.database;
  const Credentials credentials = credentials_of(context, work.plan);
  if (credentials.password) work.administrator = Key{credentials.login, *credentials.password};
  const Concern concern = database.concern("sign-in to " + database.name(), "to be let in");
  const auto with_password = [&]() -> std::optional<Ending> {
    if (!credentials.password)
      return give_up({"odoo.no_credentials", "unauthenticated", "database " + database.name(),
                      "a password or an API key", "neither of the secrets " + credentials.names,
                      "Give the server " + server.id + " the credentials of its database, then Continue."});
    if (major < kFirstWithJson2 && user != 0) {
      database.use_password(user, *credentials.password);
      return std::nullopt;
    }
    const Reply in = database.sign_in(credentials.login, *credentials.password);
    if (!in.ok()) return ending_of(in.fault(), concern);
    return std::nullopt;
  };
  if (credentials.key) {  // the operator's own, whose life is his business
    database.use_key(user, *credentials.key);
    return done(std::move(work));
  }
  if (major < kFirstWithJson2) {
    if (auto refused = with_password()) return std::move(*refused);
    return done(std::move(work));
  }
  const auto key = context.find_secret(kApiKey), expires = context.find_secret(kApiKeyExpires);
  if (key && expires && is_fresh(*expires, work.plan.key_days)) {
    database.use_key(user, *key, key_name(*expires));
    database.on_refused_key(
        [administrator = work.administrator, purpose, days = work.plan.key_days](Database& refused) {
          if (!administrator || !refused.sign_in(administrator->login, administrator->password).ok()) return false;
          if (purpose == Purpose::use_key) return true;
          refused.context().warn("the kept API key does not work any more; making another");
          return keep_key(refused, *administrator, days).has_value();
        });
    return done(std::move(work));
  }
  if (purpose == Purpose::use_key || !work.administrator) {
    if (auto refused = with_password()) return std::move(*refused);
    return done(std::move(work));
  }
  const auto kept = keep_key(database, *work.administrator, work.plan.key_days);
  if (!kept.has_value()) return kept.ending();
  if (!*kept)
    if (auto refused = with_password()) return std::move(*refused);
  return done(std::move(work));
}

}  // namespace tenantry::odoo
