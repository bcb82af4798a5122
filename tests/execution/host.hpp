// A scheduler on a real SQLite store with a scripted engine: what the tests of execution live in.
#pragma once
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "database/sqlite.hpp"
#include "execution/scheduler.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/scripted_engine.hpp"
#include "support/temp_dir.hpp"

namespace tenantry::execution::test {

using tenantry::test::eventually;
using tenantry::test::ScriptedEngine;

inline model::StepSpec step(std::string id, std::vector<std::size_t> after = {}) {
  model::StepSpec spec;
  spec.id = std::move(id);
  spec.after = std::move(after);
  spec.retry = {3, base::Millis{1}, base::Millis{20}, base::Millis{0}};
  return spec;
}

inline model::ManifestPtr manifest(std::vector<model::StepSpec> steps) {
  auto made = std::make_shared<model::Manifest>();
  made->engine = base::EngineId("scripted");
  made->version = "1.0.0";
  made->digest = base::random_hex(32);
  made->text = made->digest;  // read back by Host::open
  made->steps = std::move(steps);
  return made;
}

// Passes everything on; the next `failing` writes fail as a locked store would. A template over nothing but Store.
class FlakyStore;

struct Host {
  tenantry::test::TempDir folder;
  std::vector<model::ManifestPtr> manifests;
  base::SystemClock clock;
  std::unique_ptr<store::Store> store;
  std::shared_ptr<ScriptedEngine> engine = std::make_shared<ScriptedEngine>();
  std::mutex loading;
  std::shared_ptr<ScriptedEngine> loaded;  // guarded by loading
  std::shared_ptr<engine::Runtime> other;  // instead of the scripted engine, if there is one
  SchedulerOptions options;
  std::unique_ptr<Scheduler> scheduler;
  std::map<std::string, std::string> secrets;
  std::vector<std::pair<std::string, std::string>> put;
  base::AccountId owner{base::new_id("acc_")};

  // `place`: where the store is, if there is such a folder.
  explicit Host(const std::filesystem::path& place = {}) : folder(place) {
    auto opened = database::open_sqlite(folder / "store.db",
                                        {[this](const std::string& text) -> base::Result<model::ManifestPtr> {
                                          for (const auto& one : manifests)
                                            if (one->text == text) return one;
                                          return base::not_found("test", "no such manifest");
                                        }});
    REQUIRE(opened.has_value());
    store = std::move(*opened);
    REQUIRE(
        store->create_account({owner, "a@example.org", "A", model::AccountRole::kAdmin, "x", clock.now()}).has_value());
  }

  // What serves runs from now on; those that are on another engine stay there.
  void load(std::shared_ptr<ScriptedEngine> next) {
    const std::scoped_lock lock(loading);
    loaded = std::move(next);
    if (loaded) engine = loaded;
  }

  // A new life of the host; `over` replaces the store it works on.
  // `instead` serves in the place of the scripted engine.
  void live(store::Store* over = nullptr, const std::string& host = "host-1",
            std::shared_ptr<engine::Runtime> instead = nullptr) {
    load(engine);
    other = std::move(instead);
    Ports ports;
    ports.runtime = [this](const model::Manifest&) -> std::shared_ptr<engine::Runtime> {
      if (other) return other;
      const std::scoped_lock lock(loading);
      return loaded;
    };
    ports.secret = [this](const model::RunSpec&, std::string_view name) -> std::optional<std::string> {
      const auto found = secrets.find(std::string(name));
      return found == secrets.end() ? std::nullopt : std::optional(found->second);
    };
    ports.put_secret = [this](const model::RunSpec&, std::string_view name, std::string_view value) {
      put.emplace_back(name, value);
      return true;
    };
    scheduler =
        std::make_unique<Scheduler>(over != nullptr ? *over : *store, store::HostLife{host, base::new_id("boot_")},
                                    std::move(ports), clock, options);
    scheduler->start();
  }

  base::TenantId tenant() {
    model::Tenant made;
    made.id = base::TenantId(base::new_id("ten_"));
    made.owner = owner;
    made.name = made.id.value;
    made.engine = base::EngineId("scripted");
    made.labels = "{}";
    made.created_at = clock.now();
    REQUIRE(store->create_tenant(made, {}).has_value());
    return made.id;
  }

  std::future<base::Result<RunView>> start_later(const base::TenantId& tenant, const model::ManifestPtr& manifest,
                                                 base::RunId* id = nullptr, const std::string& server = {}) {
    auto spec = std::make_shared<model::RunSpec>();
    spec->id = base::RunId(base::new_id("run_"));
    if (id != nullptr) *id = spec->id;
    spec->tenant = tenant;
    spec->manifest = manifest;
    spec->server = base::ServerId(server);
    spec->request = R"({"colour":"red"})";
    spec->tenant_document = "{}";
    spec->server_document = "{}";
    spec->created_at = clock.now();
    model::Command command;
    command.id = base::OperationId(base::new_id("op_"));
    command.actor = owner.value;
    auto [run, change] = model::new_run(std::move(spec), command, clock.now());
    auto promise = std::make_shared<std::promise<base::Result<RunView>>>();
    auto future = promise->get_future();
    scheduler->create(std::move(run), std::move(change), other ? other : loaded,
                      [promise](auto view) { promise->set_value(std::move(view)); });
    return future;
  }

  base::RunId start(const model::ManifestPtr& manifest, const std::string& server = {}) {
    base::RunId id;
    const auto started = start_later(tenant(), manifest, &id, server).get();
    REQUIRE(started.has_value());
    return id;
  }

  base::Result<RunView> command(const base::RunId& run, model::Verb verb, const std::string& step = {}) {
    model::Command command;
    command.id = base::OperationId(base::new_id("op_"));
    command.verb = verb;
    command.step = step;
    command.reason = "because";
    command.actor = owner.value;
    std::promise<base::Result<RunView>> promise;
    scheduler->command(run, command, [&](auto view) { promise.set_value(std::move(view)); });
    return promise.get_future().get();
  }

  model::Run stored(const base::RunId& run) {
    auto found = store->run(run);
    REQUIRE(found.has_value());
    REQUIRE(found->has_value());
    return std::move(**found);
  }
  std::string state(const base::RunId& run) { return std::string(word(stored(run).head.state)); }
  [[nodiscard]] bool reaches(const base::RunId& run, const std::string& wanted) {
    const bool reached = eventually([&] { return state(run) == wanted; });
    if (!reached) UNSCOPED_INFO("the run is " << state(run) << ", not " << wanted);
    return reached;
  }
};

// Ends the host's scheduler before what was declared ahead of this.
struct EndsFirst {
  Host& host;
  explicit EndsFirst(Host& given) : host(given) {}
  EndsFirst(const EndsFirst&) = delete;
  EndsFirst& operator=(const EndsFirst&) = delete;
  ~EndsFirst() { host.scheduler.reset(); }
};

inline model::ManifestPtr known(Host& host, std::vector<model::StepSpec> steps) {
  auto made = manifest(std::move(steps));
  host.manifests.push_back(made);
  return made;
}

}  // namespace tenantry::execution::test
