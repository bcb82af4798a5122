#include "app.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <set>
#include <thread>

#include "base/ids.hpp"
#include "base/mask.hpp"
#include "catalog/watcher.hpp"
#include "console/console.hpp"
#include "database/copy.hpp"
#include "database/postgres.hpp"
#include "database/sqlite.hpp"
#include "engine/manifest_reader.hpp"
#include "fault.hpp"
#include "http/server.hpp"
#include "loading.hpp"
#include "rest/api.hpp"
#include "secrets/sealed.hpp"
#include "secrets/source.hpp"

namespace tenantry {
namespace {

namespace fs = std::filesystem;
namespace json = base::json;
using base::Error;
using base::ErrorKind;

constexpr base::Millis kShortHttpDrain{1'000};  // answers that are being made, however short the drain
constexpr base::Millis kLongHttpDrain{5'000};
constexpr base::Millis kLastWrites{3'000};  // after the drain
constexpr base::Millis kParkAfter{10'000};
constexpr base::Millis kSecretPause{100};
constexpr int kSecretTries = 150;

base::Result<void> make_private(const fs::path& folder) {
  std::error_code failure;
  if (fs::is_directory(folder, failure)) return {};
  fs::create_directories(folder, failure);
  if (!failure) fs::permissions(folder, fs::perms::owner_all, failure);
  if (!failure) return {};
  return Error{ErrorKind::kInternal,
               "data.unwritable",
               "The folder " + folder.string() + " cannot be made: " + failure.message() + ".",
               "Check data_dir and its permissions.",
               {},
               {}};
}

// Stable over restarts: by it a host knows the leases of its earlier lives.
base::Result<std::string> host_id(const Config& config) {
  if (!config.host_id.empty()) return config.host_id;
  const auto file = config.data_dir / "host_id";
  std::string id;
  if (std::ifstream(file) >> id) return id;
  id = base::new_id("host_");
  if (std::ofstream(file) << id << '\n') return id;
  return Error{ErrorKind::kInternal,
               "data.unwritable",
               "The file " + file.string() + " cannot be written.",
               "Check data_dir and its permissions.",
               {},
               {}};
}

// Runs that are taken up go on as the operator wants it now.
auto manifest_reader(const Config& config) {
  return [policies = config.step_policies](const std::string& text) -> base::Result<model::ManifestPtr> {
    auto manifest = engine::read_manifest(text);
    if (manifest.has_error()) return manifest.error();
    return pace::with_policies(std::make_shared<const model::Manifest>(std::move(*manifest)), policies);
  };
}

base::Result<std::unique_ptr<store::Store>> open_shared_store(const Config& config) {
  database::PostgresOptions options;
  options.readers = config.store_readers;
  options.read_manifest = manifest_reader(config);
  if (!config.store_password.empty()) {
    const auto reference = secrets::Reference::parse(config.store_password);
    if (reference.has_error()) return reference.error();
    auto password = reference->read();
    if (password.has_error()) return password.error();
    options.password = std::move(*password);
  }
  return database::open_postgres(config.store, std::move(options));
}

base::Result<std::unique_ptr<store::Store>> open_store(const Config& config, bool beside_host = false) {
  if (const auto made = make_private(config.data_dir); made.has_error()) return made.error();
  if (config.store_is_shared) return open_shared_store(config);
  if (config.store != ":memory:")
    if (const auto made = make_private(fs::path(config.store).parent_path()); made.has_error()) return made.error();
  database::SqliteOptions options;
  options.readers = config.store_readers;
  options.read_manifest = manifest_reader(config);
  options.beside_host = beside_host;
  return database::open_sqlite(config.store, std::move(options));
}

base::Result<std::unique_ptr<secrets::Vault>> open_vault(const Config& config) {
  const char* environment = std::getenv("TENANTRY_KEY");
  auto key = secrets::load_key(environment != nullptr ? environment : "", key_file(config).string());
  if (key.has_error()) return key.error();
  return std::make_unique<secrets::Vault>(std::move(*key));
}

base::Result<std::vector<webhooks::Webhook>> open_webhooks(const Config& config) {
  std::vector<webhooks::Webhook> opened;
  for (const auto& setup : config.webhooks) {
    const auto reference = secrets::Reference::parse(setup.secret);
    if (reference.has_error()) return reference.error();
    auto secret = reference->read();
    if (secret.has_error()) return secret.error();
    auto key = webhooks::SigningKey::parse(*secret);
    base::wipe(*secret);
    if (key.has_error()) {
      key.error().message = "Webhook " + setup.id + ": " + key.error().message;
      return key.error();
    }
    opened.push_back({setup.id, setup.url, std::move(*key), setup.events, setup.allow_local});
  }
  return opened;
}

// A server whose settings its engine does not accept is known before somebody places a tenant on it.
void warn_of(const service::Engines& engines, const service::Servers& servers, const service::ErpServer& server) {
  const auto engine = engines.find(server.engine, {});
  if (!engine) return;
  for (const auto& problem : service::check_server(*engine->contract, servers, server))
    base::log::warn("server settings refused",
                    {{"server", server.id.value}, {"pointer", problem.pointer}, {"reason", problem.message}});
}

pace::Options limits(const Config& config) {
  pace::Options limits;
  limits.host = config.steps_at_once;
  limits.per_engine = config.calls_per_engine;
  limits.per_tenant = config.steps_per_tenant;
  limits.server = config.server_limits;
  return limits;
}

}  // namespace

struct App::Rooms {
  Rooms(Config given, std::unique_ptr<store::Store> opened, std::unique_ptr<secrets::Vault> key, std::string host,
        std::vector<webhooks::Webhook> receivers)
      : config(std::move(given)),
        clock(base::SystemClock().now() + fault.clock_off()),
        store(std::move(opened)),
        vault(std::move(key)),
        servers(config.servers, config.engine_settings),
        shelf(config.data_dir / "kept-engines", [this] { return pinned_manifests(); }),
        catalog(config.engine_directories, engine_loader(config), &shelf),
        engines(service::engines_of(catalog)),
        feed(*store, clock, feed_options(config)),
        self{std::move(host), base::new_id("boot_")},
        scheduler(*store, self, ports(), clock, options(config)),
        identity(*store, clock, config.token_life),
        tenants(*store, identity, engines, servers, *vault, clock),
        provisioning(*store, identity, scheduler, engines, servers, clock),
        history(*store, identity, provisioning, tenants),
        audience(*store, identity, scheduler.board()),
        batches(*store, provisioning, clock, self),
        webhooks(*store, feed, clock, self, std::move(receivers)),
        pruner(*store, clock, self, config.retention) {}

  static execution::SchedulerOptions options(const Config& config) {
    execution::SchedulerOptions options;
    options.limits = limits(config);
    options.only_host = !config.store_is_shared;
    options.park_after = kParkAfter;
    options.lease = config.lease;
    return options;
  }

  execution::Ports ports() {
    execution::Ports ports;
    ports.runtime = [this](const model::Manifest& manifest) -> std::shared_ptr<engine::Runtime> {
      const auto found = catalog.find_pinned(manifest.engine, manifest.digest);
      return found.has_value() ? (*found)->loaded.runtime : nullptr;
    };
    ports.secret = [this](const model::RunSpec& run, std::string_view name) { return secret(run, name); };
    ports.put_secret = [this](const model::RunSpec& run, std::string_view name, std::string_view value) {
      const std::string key(name);
      const auto put = store->put_secret(run.tenant, {key, vault->seal(run.tenant.value, key, value)});
      if (put.has_error())
        base::log::warn("secret not stored", {{"tenant", run.tenant.value}, {"name", key}, {"code", put.error().code}});
      return put.has_value();
    };
    ports.committed = [this] { feed.wake(); };
    if (fault.has_points()) ports.passing = [this](auto point, auto step) { fault.pass(point, step); };
    return ports;
  }

  static events::FeedOptions feed_options(const Config& config) {
    events::FeedOptions options;
    options.heartbeat = config.heartbeat;
    return options;
  }

  base::Result<std::set<std::string>> pinned_manifests() const {
    auto found = store->pinned_manifests();
    if (found.has_error()) return found.error();
    return std::set<std::string>(found->begin(), found->end());
  }

  // An engine takes a secret that it is not given for one that does not exist, and fails for good: a store that is away
  // is waited for.
  base::Result<std::optional<std::string>> stored_secret(const base::TenantId& tenant, const std::string& name) {
    for (int tries = 0;; ++tries) {
      auto stored = store->secret(tenant, name);
      if (stored.has_value() || stored.error().kind != ErrorKind::kUnavailable || tries >= kSecretTries) return stored;
      std::this_thread::sleep_for(kSecretPause);
    }
  }

  // "server.<name>" from the operator's references; everything else from the tenant's sealed secrets.
  std::optional<std::string> secret(const model::RunSpec& run, std::string_view name) {
    static constexpr std::string_view kServer = "server.";
    const std::string key(name);
    if (const auto stored = stored_secret(run.tenant, key); stored.has_value() && *stored) {
      auto opened = vault->open(run.tenant.value, key, **stored);
      if (opened.has_value()) return std::move(*opened);
      base::log::warn("secret cannot be opened",
                      {{"tenant", run.tenant.value}, {"name", key}, {"code", opened.error().code}});
      return std::nullopt;
    }
    const auto* placed_on = servers.find(run.server);
    if (placed_on == nullptr || name.substr(0, kServer.size()) != kServer) return std::nullopt;
    const auto reference = placed_on->secrets.find(key.substr(kServer.size()));
    if (reference == placed_on->secrets.end()) return std::nullopt;
    const auto parsed = secrets::Reference::parse(reference->second);
    auto value = parsed.has_value() ? parsed->read() : base::Result<std::string>(parsed.error());
    if (value.has_value()) return std::move(*value);
    base::log::warn("secret cannot be read",
                    {{"server", placed_on->id.value}, {"name", key}, {"code", value.error().code}});
    return std::nullopt;
  }

  Fault fault{std::getenv("TENANTRY_FAULT")};
  Config config;
  base::SteadyClock clock;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<secrets::Vault> vault;
  service::Servers servers;
  catalog::Shelf shelf;
  catalog::Catalog catalog;
  service::Engines engines;
  events::Feed feed;  // before the scheduler, which wakes it
  store::HostLife self;
  execution::Scheduler scheduler;
  service::Identity identity;
  service::Tenants tenants;
  service::Provisioning provisioning;
  service::History history;
  service::Audience audience;
  service::Batches batches;
  webhooks::Courier webhooks;
  retention::Pruner pruner;
  std::unique_ptr<http::Server> server;
  std::optional<catalog::Watcher> watcher;
  std::atomic<bool> store_answers{false};  // since stop() was called
};

App::App(std::unique_ptr<Rooms> rooms) : rooms_(std::move(rooms)) {}

App::~App() { stop(); }

base::Result<std::unique_ptr<App>> App::start(Config config) {
  auto store = open_store(config);
  if (store.has_error()) return store.error();
  auto vault = open_vault(config);
  if (vault.has_error()) return vault.error();
  auto host = host_id(config);
  if (host.has_error()) return host.error();
  auto receivers = open_webhooks(config);
  if (receivers.has_error()) return receivers.error();
  auto rooms = std::make_unique<Rooms>(std::move(config), std::move(*store), std::move(*vault), std::move(*host),
                                       std::move(*receivers));

  if (const auto kept = rooms->store->keep_time(rooms->clock); kept.has_error()) return kept.error();
  rooms->catalog.load();
  for (const auto& server : rooms->config.servers) warn_of(rooms->engines, rooms->servers, server);

  // Only a store without any account: afterwards the variables are without effect.
  const char* email = std::getenv("TENANTRY_ADMIN_EMAIL");
  const char* password = std::getenv("TENANTRY_ADMIN_PASSWORD");
  if (email != nullptr && password != nullptr) {
    const auto any = rooms->store->has_accounts();
    if (any.has_error()) return any.error();
    if (!*any) {
      const auto made = rooms->identity.create_account(email, "Administrator", password, model::AccountRole::kAdmin);
      if (made.has_error()) return made.error();
      base::log::info("first administrator made", {{"email", email}});
    }
  }

  rooms->feed.start();
  rooms->scheduler.start();
  rooms->batches.start();
  rooms->webhooks.start();
  rooms->pruner.start();
  if (rooms->config.watch.count() > 0) rooms->watcher.emplace(rooms->catalog, rooms->config.watch);
  http::Router router;
  rest::add_routes(router, {rooms->identity, rooms->tenants, rooms->provisioning, rooms->history, rooms->engines,
                            rooms->servers, *rooms->store, rooms->scheduler, rooms->clock, rooms->audience, rooms->feed,
                            rooms->batches, rooms->webhooks});
  console::add_routes(router);
  http::Options options;
  options.address = rooms->config.address;
  options.port = rooms->config.port;
  options.io_threads = rooms->config.io_threads;
  options.max_body = rooms->config.max_body;
  rooms->server = std::make_unique<http::Server>(std::move(options), std::move(router));
  if (const auto listening = rooms->server->start(); listening.has_error()) return listening.error();
  return std::unique_ptr<App>(new App(std::move(rooms)));
}

std::uint16_t App::port() const { return rooms_->server->port(); }

base::Millis App::time_to_stop() const { return std::max(rooms_->config.drain, kShortHttpDrain) + kLastWrites; }

const char* App::waits_for() const {
  return rooms_->store_answers ? "something that does not end" : "the store, which does not answer";
}

void App::stop() {
  if (!rooms_ || !rooms_->server) return;
  const auto until = std::chrono::steady_clock::now() + rooms_->config.drain;
  // Beside everything else: it may take for ever.
  std::thread asking([this] { rooms_->store_answers = rooms_->store->ping().has_value(); });
  rooms_->watcher.reset();
  base::log::info("stopping", {{"steps", rooms_->scheduler.running()}});
  rooms_->store->end_within(rooms_->config.drain);
  rooms_->server->drain(std::clamp(rooms_->config.drain, kShortHttpDrain, kLongHttpDrain));
  // The receiver of a message that is out may take its time.
  std::thread hanging_up([this] { rooms_->webhooks.stop(); });
  rooms_->pruner.stop();
  rooms_->batches.stop();
  const auto left = std::chrono::duration_cast<base::Millis>(until - std::chrono::steady_clock::now());
  rooms_->scheduler.drain(std::max(left, base::Millis{0}));
  hanging_up.join();
  rooms_->feed.stop();
  rooms_->server->stop();
  rooms_->server.reset();
  asking.join();
  base::log::info("stopped");
}

base::Result<void> create_admin(const Config& config, const std::string& email, const std::string& name,
                                const std::string& password) {
  auto store = open_store(config);
  if (store.has_error()) return store.error();
  const base::SystemClock clock;
  service::Identity identity(**store, clock, config.token_life);
  const auto made = identity.create_account(email, name, password, model::AccountRole::kAdmin);
  if (made.has_error()) return made.error();
  return {};
}

base::Result<std::string> copy_store(const std::string& from, const std::string& to) {
  static constexpr std::string_view kSqlite = "sqlite:";
  const auto copied = database::copy_store(from.starts_with(kSqlite) ? from.substr(kSqlite.size()) : from, to,
                                           manifest_reader(Config{}));
  if (copied.has_error()) return copied.error();
  std::string text;
  for (const auto& table : *copied) text += table.digest + "  " + table.name + "  " + std::to_string(table.rows) + "\n";
  return text + "Every row was read back from the target and is the same.\n";
}

base::Result<base::json::object> prune_store(const Config& config, const retention::Before& before, bool only_count) {
  static constexpr base::Millis kRest{5};  // for the writers of a host beside
  const auto store = open_store(config, true);
  if (store.has_error()) return store.error();
  const auto pruned =
      retention::prune((*store)->retention(), before, only_count ? store::Prune::kRehearse : store::Prune::kDelete, [] {
        std::this_thread::sleep_for(kRest);
        return true;
      });
  if (pruned.has_error()) return pruned.error();
  return base::json::object{{"events", pruned->events}, {"runs", pruned->runs}, {"batches", pruned->batches}};
}

}  // namespace tenantry
