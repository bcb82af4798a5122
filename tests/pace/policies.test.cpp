#include "pace/policies.hpp"

#include "support/catch.hpp"

using namespace tenantry;
using namespace std::chrono_literals;

namespace {

model::ManifestPtr manifest() {
  auto made = std::make_shared<model::Manifest>();
  made->engine = base::EngineId("erp");
  made->digest = "abc";
  made->text = "as it was given";
  made->steps.resize(2);
  made->steps[0].id = "a";
  made->steps[1].id = "b";
  for (auto& step : made->steps) step.retry = {5, 2s, 60s, 0s};
  return made;
}

}  // namespace

TEST_CASE("the operator's policy of a step wins over that of every step, and both over the manifest") {
  pace::Policies policies;
  policies["erp"]["*"].attempts = 9;
  policies["erp"]["*"].timeout = 10s;
  policies["erp"]["b"].attempts = 2;
  policies["erp"]["b"].budget = 1h;
  policies["erp"]["b"].heartbeat = 7s;
  policies["erp"]["b"].wait_limit = 8s;
  policies["other"]["*"].attempts = 77;
  const auto given = manifest();
  const auto changed = pace::with_policies(given, policies);
  CHECK(changed->steps[0].retry.attempts == 9);
  CHECK(changed->steps[0].timeout == 10s);
  CHECK(changed->steps[0].heartbeat == given->steps[0].heartbeat);
  CHECK(changed->steps[0].retry.backoff == 2s);
  CHECK(changed->steps[1].retry.attempts == 2);
  CHECK(changed->steps[1].retry.budget == 1h);
  CHECK(changed->steps[1].timeout == 10s);
  CHECK(changed->steps[1].heartbeat == 7s);
  CHECK(changed->steps[1].wait_limit == 8s);
  CHECK(given->steps[0].retry.attempts == 5);  // shared with others: never changed in place
  CHECK(changed->digest == given->digest);
  CHECK(changed->text == given->text);
}

TEST_CASE("of the first wait and the cap the one that was not given gives way") {
  pace::Policies policies;
  auto& policy = policies["erp"]["a"];
  SECTION("a cap below the first wait") {
    policy.max_backoff = 1s;
    CHECK(pace::with_policies(manifest(), policies)->steps[0].retry.backoff == 1s);
  }
  SECTION("a first wait above the cap") {
    policy.backoff = 90s;
    CHECK(pace::with_policies(manifest(), policies)->steps[0].retry.max_backoff == 90s);
  }
}

TEST_CASE("without a policy the manifest is the very same, and strangers are named") {
  pace::Policies policies;
  policies["other"]["*"].attempts = 1;
  const auto given = manifest();
  CHECK(pace::with_policies(given, policies) == given);
  CHECK(pace::strangers(*given, policies).empty());
  policies["erp"]["*"].attempts = 1;
  policies["erp"]["b"].attempts = 1;
  policies["erp"]["gone"].attempts = 1;
  CHECK(pace::strangers(*given, policies) == std::vector<std::string>{"gone"});
}
