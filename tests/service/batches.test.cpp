// One command to many tenants, against a fast engine on a real store.
#include "service/batches.hpp"

#include <atomic>
#include <set>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "schema/builtin.hpp"
#include "support/any_store.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/scripted_engine.hpp"
#include "support/temp_dir.hpp"

using namespace tenantry;
using namespace tenantry::service;
using tenantry::test::eventually;
using tenantry::test::ScriptedEngine;
namespace json = base::json;

namespace {

model::ManifestPtr one_step() {
  auto manifest = std::make_shared<model::Manifest>();
  manifest->engine = base::EngineId("shop");
  manifest->version = "1.0.0";
  manifest->digest = base::random_hex(32);
  manifest->text = manifest->digest;
  model::StepSpec step;
  step.id = "open";
  step.retry = {1, base::Millis{1}, base::Millis{1}, base::Millis{0}};
  manifest->steps.push_back(step);
  return manifest;
}

struct House {
  tenantry::test::TempDir folder;
  base::SystemClock clock;
  model::ManifestPtr manifest = one_step();
  std::unique_ptr<store::Store> store = open();
  std::shared_ptr<ScriptedEngine> engine = std::make_shared<ScriptedEngine>();
  Identity identity{*store, clock, base::Millis{3'600'000}};
  Servers servers{{}};
  Engines engines{[this](const base::EngineId& id, std::string_view) -> std::optional<LoadedEngine> {
                    if (id.value != "shop") return std::nullopt;
                    return LoadedEngine{std::make_shared<engine::Contract>(manifest), engine};
                  },
                  [](const model::Manifest&) { return true; }, [] { return catalog::Snapshot(); }};
  execution::Scheduler scheduler{*store, {"host", "boot"}, ports(), clock, {}};
  Provisioning provisioning{*store, identity, scheduler, engines, servers, clock};
  std::unique_ptr<Batches> batches;
  Actor admin = account("admin@example.org", model::AccountRole::kAdmin);

  House() {
    base::log::configure(base::log::Level::kOff);
    scheduler.start();
    live();
  }
  ~House() { batches.reset(); }

  std::unique_ptr<store::Store> open() {
    return tenantry::test::open_any_store(
        folder / "store.db", [this](const std::string&) -> base::Result<model::ManifestPtr> { return manifest; });
  }
  execution::Ports ports() {
    execution::Ports ports;
    ports.runtime = [this](const model::Manifest&) { return engine; };
    ports.secret = [](const model::RunSpec&, std::string_view) { return std::optional<std::string>(); };
    ports.put_secret = [](const model::RunSpec&, std::string_view, std::string_view) { return true; };
    return ports;
  }
  // The next life of what carries batches out.
  void live() {
    batches.reset();
    batches = std::make_unique<Batches>(*store, provisioning, clock, store::HostLife{"host", base::new_id("boot_")});
    batches->start();
  }
  Actor account(const std::string& email, model::AccountRole role) {
    const auto made = identity.create_account(email, "N", "a long password", role);
    if (made.has_error()) throw std::runtime_error(made.error().message);
    return {*made, email, role};
  }
  base::TenantId tenant(const std::string& name, const std::string& labels = "{}", const Actor* owner = nullptr) {
    model::Tenant made;
    made.id = base::TenantId(base::new_id("ten_"));
    made.owner = owner != nullptr ? owner->id : admin.id;
    made.name = name;
    made.engine = base::EngineId("shop");
    made.labels = labels;
    made.created_at = clock.now();
    REQUIRE(store->create_tenant(made, {}).has_value());
    return made.id;
  }
  std::string create(const std::string& body) {
    const auto made = batches->create(admin, json::parse(body));
    if (made.has_error()) FAIL(made.error().message);
    return json::value_to<std::string>(made->at("id"));
  }
  json::object get(const std::string& id) {
    auto found = batches->get(admin, id, {}, 0, 10'000);
    if (found.has_error()) FAIL(found.error().message);
    const auto problems = schema::builtin("batch_status").check(*found);
    for (const auto& problem : problems) FAIL(problem.pointer << ": " << problem.message);
    return std::move(*found);
  }
  std::int64_t number(const std::string& id, const char* name) { return get(id).at(name).to_number<std::int64_t>(); }
  bool finished(const std::string& id) {
    return eventually([&] { return store->batches().batch(id).value()->finished_at != base::Time{}; },
                      std::chrono::seconds(60));
  }
};

std::string code(const base::Result<json::object>& result) { return result.has_error() ? result.error().code : "none"; }

}  // namespace

TEST_CASE("more than 1,000 tenants are started and started again by one command each, with an answer for every one",
          "[batches]") {
  House house;
  std::set<std::string> tenants;
  for (int i = 0; i < 1'050; ++i)
    tenants.insert(house.tenant("t" + std::to_string(i), i % 2 == 0 ? R"({"plan":"gold"})" : "{}").value);
  const auto first =
      house.create(R"({"verb":"start","filter":{"labels":{"plan":"gold"}},"reason":"opening","jitter_ms":0})");
  REQUIRE(house.finished(first));
  CHECK(house.number(first, "done") == 525);
  CHECK(eventually([&] { return house.engine->count("open") == 525; }));

  // Half of them have run already, which is no obstacle to a second run; each has it once.
  CHECK(eventually([&] { return house.scheduler.board().size() == 0; }));
  const auto second = house.create(R"({"verb":"start","filter":{"engine":"shop"},"jitter_ms":0})");
  REQUIRE(house.finished(second));
  const auto answer = house.get(second);
  CHECK(answer.at("total") == 1'050);
  CHECK(answer.at("done") == 1'050);
  CHECK(answer.at("state") == "finished");
  std::set<std::string> operations;
  std::set<std::string> mentioned;
  for (const auto& item : answer.at("items").as_array()) {
    mentioned.insert(json::value_to<std::string>(item.at("tenant_id")));
    operations.insert(json::value_to<std::string>(item.at("operation")));
  }
  CHECK(mentioned == tenants);
  CHECK(operations.size() == 1'050);
  CHECK(house.store->operation(base::OperationId(*operations.begin())).value().has_value());
  CHECK(eventually([&] { return house.engine->count("open") == 1'575; }));
}

TEST_CASE("what is refused says why, and does not keep the others waiting", "[batches]") {
  House house;
  house.engine->script("open", [](const engine::Invocation& call, engine::CallSink&) {
    return std::optional(call.op == model::Op::kRun ? ScriptedEngine::failing(model::Outcome::kFailed)
                                                    : ScriptedEngine::done());
  });
  const auto failed = house.tenant("failed");
  const auto fresh = house.tenant("fresh");
  const auto start = house.create(R"({"verb":"start","filter":{"ids":[")" + failed.value + R"("]},"jitter_ms":0})");
  REQUIRE(house.finished(start));
  CHECK(eventually([&] { return house.store->tenant(failed).value()->state == model::RunState::kFailed; }));
  house.engine->script("open", [](const auto&, auto&) { return std::optional(ScriptedEngine::done()); });
  const auto retry = house.create(R"({"verb":"retry","filter":{"all":true},"jitter_ms":0})");
  REQUIRE(house.finished(retry));
  CHECK(house.number(retry, "done") == 1);
  CHECK(house.number(retry, "refused") == 1);
  const auto answer = house.get(retry);
  for (const auto& item : answer.at("items").as_array()) {
    if (json::value_to<std::string>(item.at("tenant_id")) == failed.value) {
      CHECK(item.at("state") == "done");
      CHECK(item.at("error").is_null());
    } else {
      CHECK(item.at("state") == "refused");
      CHECK_FALSE(item.at("error").at("code").as_string().empty());
      CHECK_FALSE(item.at("error").at("next_action").as_string().empty());
    }
  }
  CHECK(eventually([&] { return house.store->tenant(failed).value()->state == model::RunState::kCompleted; }));
}

TEST_CASE("a filter is what all its members say, and a batch only reaches whom its account may see", "[batches]") {
  House house;
  const auto guest = house.account("guest@example.org", model::AccountRole::kUser);
  house.tenant("Duka Moja", R"({"plan":"gold","region":"west"})", &guest);
  house.tenant("Duka Mbili", R"({"plan":"gold"})");
  house.tenant("Other", R"({"plan":"tin","region":"west"})");
  const auto found = [&](const Actor& actor, const std::string& filter) -> std::string {
    const auto preview =
        house.batches->preview(actor, json::parse(R"({"verb":"start","validate_only":true,"filter":)" + filter + "}"));
    if (preview.has_error()) return preview.error().code;
    std::set<std::string> sorted;  // made in the same millisecond, they have no order
    for (const auto& item : preview->at("items").as_array())
      sorted.insert(json::value_to<std::string>(item.at("name")) + (item.at("would").as_bool() ? "+ " : "- "));
    std::string names;
    for (const auto& name : sorted) names += name;
    return names;
  };
  CHECK(found(house.admin, R"({"all":true})") == "Duka Mbili+ Duka Moja+ Other+ ");
  CHECK(found(guest, R"({"all":true})") == "Duka Moja+ ");
  CHECK(found(house.admin, R"({"labels":{"plan":"gold"}})") == "Duka Mbili+ Duka Moja+ ");
  CHECK(found(house.admin, R"({"labels":{"plan":"gold","region":"west"}})") == "Duka Moja+ ");
  CHECK(found(house.admin, R"({"text":"duka","status":"NOT_STARTED"})") == "Duka Mbili+ Duka Moja+ ");
  CHECK(found(house.admin, R"({"state":"not_started","text":"other"})") == "Other+ ");
  CHECK(found(house.admin, R"({"status":"FAILED"})") == "batch.nobody");
  CHECK(found(house.admin, R"({"server":"elsewhere"})") == "batch.nobody");
  CHECK(found(house.admin, "{}") == "batch.invalid");
  CHECK(found(house.admin, R"({"colour":"red"})") == "batch.invalid");
  CHECK(house.engine->count("open") == 0);  // a preview touches nothing
  CHECK(code(house.batches->create(house.admin, json::parse(R"({"verb":"kill","filter":{"all":true}})"))) ==
        "batch.invalid");
  const auto mine = house.create(R"({"verb":"start","filter":{"all":true}})");
  CHECK(code(house.batches->get(guest, mine, {}, 0, 10)) == "batch.unknown");
  CHECK(house.finished(mine));
}

TEST_CASE("a host that is started again goes on with a batch, and gives no command twice", "[batches]") {
  House house;
  for (int i = 0; i < 60; ++i) house.tenant("t" + std::to_string(i));
  const auto id = house.create(R"({"verb":"start","filter":{"all":true},"jitter_ms":5})");
  CHECK(eventually([&] { return house.number(id, "done") >= 5; }));
  house.batches->stop();
  CHECK(house.number(id, "waiting") > 0);
  CHECK(house.get(id).at("state") == "running");
  house.live();
  REQUIRE(house.finished(id));
  CHECK(house.number(id, "done") == 60);
  CHECK(eventually([&] { return house.engine->count("open") == 60; }));
}

TEST_CASE("a command that was given before the end of its host is known by its operation", "[batches]") {
  House house;
  house.batches->stop();
  const auto tenant = house.tenant("one");
  store::Batch batch;
  batch.id = "bat_1";
  batch.account = house.admin.id;
  batch.request = R"({"verb":"start","filter":{"all":true}})";
  batch.host = "host";
  batch.created_at = house.clock.now();
  store::BatchItem item;
  item.number = 1;
  item.tenant = tenant;
  item.operation = base::OperationId("op_given");
  REQUIRE(house.store->batches().create_batch(batch, {&item, 1}).has_value());
  std::atomic<bool> answered{false};
  house.provisioning.start(
      house.admin, tenant, json::object(), [&](const auto&) { answered = true; }, item.operation);
  REQUIRE(eventually([&] { return answered.load() && house.engine->count("open") == 1; }));
  house.live();
  REQUIRE(house.finished("bat_1"));
  CHECK(house.number("bat_1", "done") == 1);
  CHECK(house.engine->count("open") == 1);
}

TEST_CASE("what two batches have to do with one tenant is done in the order they were asked for", "[batches]") {
  House house;
  house.engine->hold("open");
  for (int i = 0; i < 40; ++i) house.tenant("t" + std::to_string(i));
  const auto start = house.create(R"({"verb":"start","filter":{"all":true},"jitter_ms":2})");
  const auto cancel = house.create(R"({"verb":"cancel","filter":{"all":true},"jitter_ms":0})");
  REQUIRE(house.finished(start));
  REQUIRE(house.finished(cancel));
  CHECK(house.number(start, "done") == 40);
  CHECK(house.number(cancel, "done") == 40);  // none came before its start
}

TEST_CASE("with a jitter, commands are given a little apart from each other, each at a time of its own", "[batches]") {
  House house;
  for (int i = 0; i < 40; ++i) house.tenant("t" + std::to_string(i));
  const auto begin = std::chrono::steady_clock::now();
  const auto id = house.create(R"({"verb":"start","filter":{"all":true},"jitter_ms":20})");
  REQUIRE(house.finished(id));
  const auto took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  CHECK(took > 39 * 20 / 2.0);  // between none and twice as much each: half of what is expected has never been seen
  CHECK(house.number(id, "done") == 40);
  std::set<std::string> times;
  const auto answer = house.get(id);
  for (const auto& item : answer.at("items").as_array()) times.insert(json::value_to<std::string>(item.at("at")));
  CHECK(times.size() >= 20);
}
