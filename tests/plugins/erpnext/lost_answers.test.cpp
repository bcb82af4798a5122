// The answer to every single request of a whole provisioning is lost once, before and after its effect.
#include "support/catch.hpp"
#include "world.hpp"

using namespace world;

namespace {

json::object demo() { return {{"include_demo_data", true}}; }

// What must be there in the end, whatever was lost on the way.
std::string shape(Sandbox& sandbox, const std::string& site) {
  std::string text;
  const auto counts = sandbox.counts(site);
  for (const char* doctype : {"Company", "Account", "Warehouse", "Customer", "Item", "Item Price", "POS Profile",
                              "POS Opening Entry", "Mode of Payment", "Fiscal Year", "User", "Price List"}) {
    const auto* count = counts.if_contains(doctype);
    text += std::string(doctype) + "=" + (count ? json::serialize(*count) : "0") + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("a lost answer to any request leaves neither a duplicate nor a gap") {
  const std::string action = GENERATE("drop_before", "drop_after");
  const bool verify_first = GENERATE(false, true);  // as after a crash: the host asks before it runs again
  CAPTURE(action, verify_first);
  Sandbox sandbox;
  Host reference(sandbox, {.id = "whole"});
  reference.document["request"] = demo();
  REQUIRE(run_everything(reference).size() == 11);
  const auto requests = sandbox.requests("whole.local");
  const std::string wanted = shape(sandbox, "whole.local");
  REQUIRE(requests > 40);

  for (std::int64_t lost = 0; lost < requests; ++lost) {
    const std::string id = "x" + std::to_string(lost), site = id + ".local";
    CAPTURE(lost);
    Host host(sandbox, {.id = id});
    host.document["request"] = demo();
    sandbox.fault({{"id", id}, {"site", site}, {"skip", lost}, {"times", 1}, {"action", action}});
    for (const std::string& step : steps_of(host)) {
      Report report = host.run(step);
      for (int i = 0; i < 5 && (report.outcome == TENANTRY_RETRY || report.outcome == TENANTRY_WAIT); ++i) {
        if (verify_first) {
          const Report found = host.verify(step);
          if (found.outcome == TENANTRY_DONE && found.output) {
            host.document["steps"].as_object()[step] = json::object{{"output", *found.output}};
            host.checkpoints.erase(step);
            report = found;
            break;
          }
        }
        report = host.run(step);
      }
      INFO(step << " " << words(report));
      REQUIRE(succeeded(report));
    }
    sandbox.remove("/__sandbox/faults/" + id);
    CHECK(shape(sandbox, site) == wanted);
    CHECK(sandbox.duplicates(site).empty());
    for (const auto& [document, times] : sandbox.created(site)) {
      CAPTURE(document);
      CHECK(times == 1);
    }
  }
}

TEST_CASE("a lost answer to any request of a roll-back is made good by asking again") {
  const std::string action = GENERATE("drop_before", "drop_after");
  CAPTURE(action);
  Sandbox sandbox;
  Host reference(sandbox, {.id = "whole"});
  reference.document["request"] = demo();
  auto outcomes = run_everything(reference);
  REQUIRE(outcomes.size() == 11);
  const auto before = sandbox.requests("whole.local");
  REQUIRE(roll_back(reference, outcomes));
  const auto requests = sandbox.requests("whole.local") - before;
  const std::string wanted = shape(sandbox, "whole.local");
  REQUIRE(requests > 15);
  for (std::int64_t lost = 0; lost < requests; ++lost) {
    const std::string id = "y" + std::to_string(lost), site = id + ".local";
    CAPTURE(lost);
    Host host(sandbox, {.id = id});
    host.document["request"] = demo();
    outcomes = run_everything(host);
    REQUIRE(outcomes.size() == 11);
    sandbox.fault({{"id", id}, {"site", site}, {"skip", lost}, {"times", 1}, {"action", action}});
    CHECK(roll_back(host, outcomes));
    sandbox.remove("/__sandbox/faults/" + id);
    CHECK(shape(sandbox, site) == wanted);
  }
}
