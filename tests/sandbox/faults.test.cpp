#include <future>
#include <set>

#include "sandbox/fixture.hpp"
#include "support/catch.hpp"

using namespace tenantry::sandbox;
using namespace tenantry::sandbox::testing;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

Sandbox& prepare(Sandbox& sandbox) {
  sandbox.application.sites().make("a.local", "with-company");
  sandbox.application.sites().make("b.local", "with-company");
  return sandbox;
}

json::value item(const std::string& code) {
  return {{"item_code", code}, {"item_group", "Products"}, {"stock_uom", "Nos"}};
}

}  // namespace

TEST_CASE("a pattern's star stands for any run of characters") {
  CHECK(matches("*", ""));
  CHECK(matches("/api/*/Item", "/api/resource/Item"));
  CHECK(matches("*setup_complete", "/api/method/x.setup_complete"));
  CHECK(!matches("/api/*/Item", "/api/resource/Item Price"));
  CHECK(!matches("", "x"));
}

TEST_CASE("a rule hits only what it names") {
  Faults faults;
  CHECK(!faults.add({{"action", "html"}, {"site", "a"}, {"method", "POST"}, {"doctype", "Item"}}).id.empty());
  CHECK(faults.decide({"a", "POST", "/api/resource/Item", "Item"}).action() == Action::kHtml);
  CHECK(faults.decide({"b", "POST", "/api/resource/Item", "Item"}).action() == Action::kNone);
  CHECK(faults.decide({"a", "GET", "/api/resource/Item", "Item"}).action() == Action::kNone);
  CHECK(faults.decide({"a", "POST", "/api/resource/User", "User"}).action() == Action::kNone);
}

TEST_CASE("a rule spares the first matches and is spent after its times") {
  Faults faults;
  faults.add({{"action", "html"}, {"skip", 1}, {"times", 2}});
  std::string seen;
  for (int i = 0; i < 5; ++i) seen += faults.decide({"a", "GET", "/", ""}).action() == Action::kHtml ? 'x' : '.';
  CHECK(seen == ".xx..");
}

TEST_CASE("the same seed makes the same choices") {
  const auto run = [](std::uint64_t seed) {
    Faults faults(seed);
    faults.add({{"action", "error"}, {"probability", 0.5}});
    std::string seen;
    for (int i = 0; i < 64; ++i) seen += faults.decide({"a", "GET", "/", ""}).action() == Action::kError ? 'x' : '.';
    return seen;
  };
  CHECK(run(7) == run(7));
  CHECK(run(7) != run(8));
  CHECK(run(7).find('x') != std::string::npos);
  CHECK(run(7).find('.') != std::string::npos);
}

TEST_CASE("a rule that makes no sense is refused with a reason") {
  Faults faults;
  CHECK(faults.add({{"action", "explode"}}).problem.find("explode") != std::string::npos);
  CHECK(faults.add({{"acton", "html"}}).problem.find("acton") != std::string::npos);
  CHECK(faults.list().empty());
}

TEST_CASE("latency is waited, and jitter stays within its bound") {
  Sandbox sandbox;
  prepare(sandbox).fault({{"site", "a.local"}, {"millis", 60}});
  const auto begin = steady_clock::now();
  CHECK(sandbox.ask("a.local", "GET", "/api/method/ping")->status == 200);
  CHECK(steady_clock::now() - begin >= milliseconds(60));

  Faults faults;
  faults.add({{"millis", 10}, {"jitter_millis", 20}});
  std::set<std::int64_t> seen;
  for (int i = 0; i < 200; ++i) {
    const auto latency = faults.decide({"a", "GET", "/", ""}).latency.count();
    CHECK(latency >= 10);
    CHECK(latency <= 30);
    seen.insert(latency);
  }
  CHECK(seen.size() > 5);
}

TEST_CASE("an injected error is shown as Frappe would and does nothing") {
  Sandbox sandbox;
  prepare(sandbox).fault({{"doctype", "Item"}, {"action", "error"}, {"exc_type", "QueryDeadlockError"}, {"times", 1}});
  const auto first = sandbox.ask("a.local", "POST", "/api/resource/Item", item("A"));
  CHECK(first->status == 500);
  CHECK(exc_type(first) == "QueryDeadlockError");
  CHECK(sandbox.effects("Item", "created") == 0);
  CHECK(sandbox.ask("a.local", "POST", "/api/resource/Item", item("A"))->status == 200);
  CHECK(sandbox.effects("Item", "created") == 1);
}

TEST_CASE("a proxy's HTML page comes with its status") {
  Sandbox sandbox;
  prepare(sandbox);
  const auto status = GENERATE(502, 504);
  sandbox.fault({{"action", "html"}, {"status", status}});
  const auto answer = sandbox.ask("a.local", "GET", "/api/method/ping");
  CHECK(answer->status == status);
  CHECK(answer->header("content-type") == "text/html");
}

TEST_CASE("too many requests come with Retry-After") {
  Sandbox sandbox;
  prepare(sandbox).fault({{"action", "too_many"}, {"retry_after", 7}});
  const auto answer = sandbox.ask("a.local", "GET", "/api/method/ping");
  CHECK(answer->status == 429);
  CHECK(answer->header("retry-after") == "7");
  CHECK(exc_type(answer) == "TooManyRequestsError");
}

TEST_CASE("maintenance stops everything, or everything but reading") {
  Sandbox sandbox;
  prepare(sandbox);
  sandbox.fault({{"site", "a.local"}, {"action", "maintenance"}});
  sandbox.fault({{"site", "b.local"}, {"action", "maintenance"}, {"reads_allowed", true}});
  CHECK(exc_type(sandbox.ask("a.local", "GET", "/api/method/ping")) == "SessionStopped");
  CHECK(sandbox.ask("b.local", "GET", "/api/method/ping")->status == 200);
  CHECK(exc_type(sandbox.ask("b.local", "POST", "/api/resource/Item", item("A"))) == "InReadOnlyMode");
  CHECK(sandbox.effects("Item", "created") == 0);
}

TEST_CASE("an answer dropped before the effect leaves nothing, one dropped after leaves all") {
  Sandbox sandbox;
  prepare(sandbox);
  sandbox.fault({{"site", "a.local"}, {"doctype", "Item"}, {"action", "drop_before"}});
  sandbox.fault({{"site", "b.local"}, {"doctype", "Item"}, {"action", "drop_after"}, {"times", 1}});
  CHECK(!sandbox.ask("a.local", "POST", "/api/resource/Item", item("A")).has_value());
  CHECK(sandbox.effects("Item", "created") == 0);
  CHECK(!sandbox.ask("b.local", "POST", "/api/resource/Item", item("A")).has_value());
  CHECK(sandbox.effects("Item", "created") == 1);
  CHECK(sandbox.ask("b.local", "POST", "/api/resource/Item", item("A"))->status == 409);
}

TEST_CASE("a server that hangs has done the work when its client gives up") {
  Sandbox sandbox;
  prepare(sandbox).fault({{"doctype", "Item"}, {"action", "hang"}});
  CHECK(!sandbox.ask("a.local", "POST", "/api/resource/Item", item("A"), milliseconds(100)).has_value());
  CHECK(sandbox.effects("Item", "created") == 1);
}

TEST_CASE("without the queue a delete answers 500 although it was committed") {
  Sandbox sandbox;
  prepare(sandbox).fault({{"action", "condition"}, {"condition", "queue_down"}});
  CHECK(sandbox.ask("a.local", "POST", "/api/resource/Item", item("A"))->status == 200);
  const auto answer = sandbox.ask("a.local", "DELETE", "/api/resource/Item/A");
  CHECK(answer->status == 500);
  CHECK(answer->header("content-type") == "text/html");
  CHECK(sandbox.ask("a.local", "GET", "/api/resource/Item/A")->status == 404);
}

TEST_CASE("without the database a read is a JSON error and a write is HTML") {
  Sandbox sandbox;
  prepare(sandbox).fault({{"action", "condition"}, {"condition", "database_down"}});
  CHECK(exc_type(sandbox.ask("a.local", "GET", "/api/resource/Company")) == "OperationalError");
  const auto answer = sandbox.ask("a.local", "POST", "/api/resource/Item", item("A"));
  CHECK(answer->header("content-type") == "text/html");
  CHECK(sandbox.effects("Item", "created") == 0);
}

TEST_CASE("a server that is down refuses connections and comes back on its port") {
  Sandbox sandbox;
  prepare(sandbox).control("POST", "downtime", {{"millis", 150}});
  const auto end = steady_clock::now() + std::chrono::seconds(10);
  bool refused = false;
  while (!refused && steady_clock::now() < end)
    refused = !sandbox.ask("a.local", "GET", "/api/method/ping").has_value();
  CHECK(refused);
  bool back = false;
  while (!back && steady_clock::now() < end) back = sandbox.ask("a.local", "GET", "/api/method/ping").has_value();
  CHECK(back);
}

TEST_CASE("faults are listed with their hits and can be taken back") {
  Sandbox sandbox;
  prepare(sandbox).fault({{"id", "f"}, {"action", "html"}});
  CHECK(sandbox.ask("a.local", "GET", "/api/method/ping")->status == 502);
  CHECK(sandbox.control("GET", "faults").at(0).at("hits").as_int64() == 1);
  sandbox.control("DELETE", "faults/f");
  CHECK(sandbox.ask("a.local", "GET", "/api/method/ping")->status == 200);
}

TEST_CASE("inserts into one tree that overlap lose a deadlock, others do not") {
  // Certain to lose: the outcome does not depend on the dice.
  Sandbox sandbox({false, 0.0, 1.0, ""});
  prepare(sandbox).fault({{"method", "POST"}, {"millis", 120}});
  const auto warehouse = [](int number) {
    return json::value{{"warehouse_name", "W" + std::to_string(number)}, {"company", "Example Ltd"}};
  };
  const auto post = [&sandbox](const std::string& site, const std::string& doctype, const json::value& body) {
    return std::async(std::launch::async, [&sandbox, site, doctype, body] {
      return sandbox.ask(site, "POST", "/api/resource/" + doctype, body);
    });
  };
  SECTION("one of two warehouses is the victim, and its retry goes through") {
    auto first = post("a.local", "Warehouse", warehouse(1));
    auto second = post("a.local", "Warehouse", warehouse(2));
    const auto one = first.get();
    const auto two = second.get();
    REQUIRE(one.has_value());
    REQUIRE(two.has_value());
    CHECK(one->status + two->status == 700);
    CHECK(exc_type(one->status == 500 ? one : two) == "QueryDeadlockError");
    CHECK(sandbox.effects("Warehouse", "created") == 1);
    CHECK(sandbox.ask("a.local", "POST", "/api/resource/Warehouse", warehouse(one->status == 500 ? 1 : 2))->status ==
          200);
  }
  SECTION("two sites, two doctypes or no tree at all: all go through") {
    std::vector<std::future<std::optional<Answer>>> calls;
    calls.push_back(post("a.local", "Warehouse", warehouse(1)));
    calls.push_back(post("b.local", "Warehouse", warehouse(1)));
    calls.push_back(post("a.local", "Territory", {{"territory_name", "T"}, {"parent_territory", "All Territories"}}));
    calls.push_back(post("a.local", "Item", item("A")));
    calls.push_back(post("a.local", "Item", item("B")));
    for (auto& call : calls) CHECK(call.get()->status == 200);
  }
}

TEST_CASE("a server with one worker serves one request after the other") {
  Sandbox sandbox({}, true, {0, 1});
  prepare(sandbox).fault({{"millis", 40}});
  const auto begin = steady_clock::now();
  std::vector<std::future<std::optional<Answer>>> calls;
  for (int i = 0; i < 3; ++i)
    calls.push_back(std::async(std::launch::async, [&] { return sandbox.ask("a.local", "GET", "/api/method/ping"); }));
  for (auto& call : calls) CHECK(call.get()->status == 200);
  CHECK(steady_clock::now() - begin >= milliseconds(120));
}
