#include "engine.hpp"

namespace tenantry::erpnext {

namespace {

constexpr auto kKey = "erpnext.api_key";
constexpr auto kSecret = "erpnext.api_secret";

// Keys first: a wrong password locks the account after a few tries, a wrong key never does.
std::optional<Ending> let_in(Site& site) {
  Context& context = site.context();
  const auto use = [&](const char* key_name, const char* secret_name) {
    const auto key = context.find_secret(key_name), secret = context.find_secret(secret_name);
    if (!key || !secret) return false;
    site.use_token(*key, *secret);
    return true;
  };
  if (use(kKey, kSecret) || use("server.api_key", "server.api_secret")) return std::nullopt;
  if (const auto password = context.find_secret("server.admin_password")) {
    const Reply reply = site.sign_in("Administrator", *password);
    if (reply.ok()) return std::nullopt;
    return ending_of(reply.fault(), site.concern("sign-in as Administrator", "to be let in"));
  }
  const std::string server = site.address().server;
  return give_up({"erpnext.no_credentials", "unauthenticated", "server " + server,
                  "api_key and api_secret, or admin_password", "none",
                  "Give the server " + server + " credentials, then Continue."});
}

}  // namespace

// Exclusive names hold per ERP server, not per tenant. Trees (Company, Account, Warehouse) deadlock when two tenants on
// one site add to them at once, and only a name per server keeps tenants apart from each other. Where every tenant has
// a site of its own it costs little, because these three steps are short; the setup wizard, which is not, is in
// step_1_platform_setup, which is exclusive to nobody and settles collisions by polling.
void Engine::define(Graph<Engine>& g) {
  const auto request = g.request();
  const auto tenant = g.tenant();
  const auto server = g.server();
  using E = Engine;
  const std::initializer_list<std::string_view> secrets{kKey, kSecret, "server.api_key", "server.api_secret",
                                                        "server.admin_password"};
  const auto check = g.step("step_0_engine_check", &E::check, request, tenant, server)
                         .title("Engine check")
                         .secrets(secrets)
                         .attempts(8, 1s, 60s)
                         .timeout(90s)
                         .expected(150ms)
                         .repeatable()
                         .verify(&E::verify_check);
  // Critical beyond the predecessor's four: without presets not even the company can be made.
  const auto platform = g.step("step_1_platform_setup", &E::set_up, request, tenant, server, check)
                            .title("Platform setup")
                            .secrets({kKey, kSecret, "server.api_key", "server.api_secret", "server.admin_password",
                                      "tenant.admin_password"})
                            .attempts(6, 1s, 60s)
                            .timeout(25min)
                            .heartbeat(120s)
                            .wait_limit(30min)
                            .expected(10s)
                            .repeatable()
                            .undo(&E::undo_set_up)
                            .verify(&E::verify_set_up)
                            .plan(&E::plan_set_up);
  const auto company = g.step("step_2_company", &E::make_company, request, tenant, server, platform)
                           .title("Company")
                           .secrets(secrets)
                           .attempts(6, 500ms, 20s)
                           .timeout(3min)
                           .exclusive("erpnext.company")
                           .expected(1500ms)
                           .repeatable()
                           .undo(&E::undo_company)
                           .verify(&E::verify_company)
                           .plan(&E::plan_company);
  const auto chart = g.step("step_3_chart_of_accounts", &E::complete_chart, request, tenant, server, company)
                         .title("Chart of accounts and modes of payment")
                         .secrets(secrets)
                         .attempts(6, 200ms, 10s)
                         .timeout(2min)
                         .exclusive("erpnext.account")
                         .expected(400ms)
                         .repeatable()
                         .undo(&E::undo_chart)
                         .verify(&E::verify_chart);
  const auto warehouses = g.step("step_4_warehouses", &E::make_warehouses, request, tenant, server, company)
                              .title("Warehouses")
                              .secrets(secrets)
                              .attempts(6, 200ms, 10s)
                              .timeout(2min)
                              .exclusive("erpnext.warehouse")
                              .critical(false)
                              .expected(200ms)
                              .repeatable()
                              .undo(&E::undo_warehouses)
                              .verify(&E::verify_warehouses)
                              .plan(&E::plan_warehouses);
  const auto settings =
      g.step("step_5_settings", &E::apply_settings, request, tenant, server, platform, company, warehouses)
          .title("Settings")
          .secrets(secrets)
          .attempts(6, 200ms, 10s)
          .timeout(2min)
          .critical(false)
          .expected(2500ms)
          .repeatable()
          .undo(&E::undo_settings)
          .verify(&E::verify_settings);
  g.step("step_6_items", &E::make_items, request, tenant, server, platform, company, warehouses)
      .title("Demo items")
      .secrets(secrets)
      .attempts(6, 200ms, 10s)
      .timeout(5min)
      .critical(false)
      .expected(600ms)
      .repeatable()
      .undo(&E::undo_items)
      .verify(&E::verify_items)
      .plan(&E::plan_items)
      .optional();
  const auto customer = g.step("step_7_customer", &E::make_customer, request, tenant, server, platform, company)
                            .title("Walk-in customer")
                            .secrets(secrets)
                            .attempts(6, 200ms, 10s)
                            .timeout(2min)
                            .critical(false)
                            .expected(150ms)
                            .repeatable()
                            .undo(&E::undo_customer)
                            .verify(&E::verify_customer)
                            .plan(&E::plan_customer);
  const auto profile = g.step("step_8_pos_profile", &E::make_pos_profile, request, tenant, server, platform, company,
                              chart, warehouses, customer)
                           .title("POS profile")
                           .secrets(secrets)
                           .attempts(6, 200ms, 10s)
                           .timeout(2min)
                           .expected(500ms)
                           .repeatable()
                           .undo(&E::undo_pos_profile)
                           .verify(&E::verify_pos_profile)
                           .after(settings);
  const auto session =
      g.step("step_9_pos_session", &E::open_session, request, tenant, server, platform, company, chart, profile)
          .title("POS session")
          .secrets(secrets)
          .attempts(6, 200ms, 10s)
          .timeout(2min)
          .critical(false)
          .expected(250ms)
          .repeatable()
          .undo(&E::undo_session)
          .verify(&E::verify_session);
  g.step("step_10_post_sale_updates", &E::finish, request, tenant, server, company, profile)
      .title("Post-sale updates")
      .secrets(secrets)
      .attempts(6, 200ms, 10s)
      .timeout(2min)
      .critical(false)
      .expected(100ms)
      .repeatable()
      .undo(&E::undo_finish)
      .verify(&E::verify_finish)
      .after(session);
}

http::Client& Engine::client(const Blueprint& plan) {
  const std::string trust = plan.verify_tls ? "trust " + plan.ca_file : "trust all";
  const std::scoped_lock lock(mutex_);
  auto& client = clients_[trust];
  if (!client) {
    http::Options options;
    options.verify_tls = plan.verify_tls;
    options.ca_file = plan.ca_file;
    options.user_agent = "tenantry-erpnext/1.0";
    client = std::make_unique<http::Client>(options);
  }
  return *client;
}

Result<Work> Engine::address(Context& context, Asked request, Who tenant, Where server) {
  auto plan = make_blueprint(request, tenant, server, settings_, std::chrono::system_clock::now());
  if (!plan.has_value()) return plan.ending();
  Site site(client(*plan), context, {server.id, server.url, plan->site});
  return done(Work{std::move(plan.value()), std::move(site)});
}

Result<Work> Engine::enter(Context& context, Asked request, Who tenant, Where server) {
  auto work = address(context, request, tenant, server);
  if (!work.has_value()) return work;
  if (auto refused = let_in(work.value().site)) return std::move(*refused);
  return work;
}

}  // namespace tenantry::erpnext
