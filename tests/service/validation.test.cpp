// Questions to an engine before a run is accepted: few at a time, in order, none lost.
#include "service/validation.hpp"

#include "support/catch.hpp"
#include "support/scripted_engine.hpp"

using namespace tenantry;
using namespace tenantry::service;
using tenantry::test::ScriptedEngine;

namespace {

LoadedEngine loaded(const std::shared_ptr<ScriptedEngine>& runtime, const std::string& digest = "d") {
  auto manifest = std::make_shared<model::Manifest>();
  manifest->digest = digest;
  return {std::make_shared<engine::Contract>(manifest), runtime};
}

}  // namespace

TEST_CASE("a hundred requests at once are judged a few at a time, and each gets its own answer") {
  const auto runtime = std::make_shared<ScriptedEngine>();
  runtime->hold("");
  Validation validation;
  std::vector<int> problems(100, -1);
  for (int i = 0; i < 100; ++i)
    validation.judge(loaded(runtime), std::to_string(i), "tenant", [&problems, i](auto found) {
      problems[static_cast<std::size_t>(i)] = found.has_value() ? static_cast<int>(found->size()) : -2;
    });
  int answered = 0;
  while (runtime->out() > 0) {
    CHECK(runtime->out() <= 4);
    const bool objects = answered++ % 2 == 1;
    REQUIRE(runtime->answer("", ScriptedEngine::done(objects ? R"({"problems":[{"path":"/x","message":"no"}]})" : "")));
  }
  CHECK(answered == 100);
  CHECK(std::count(problems.begin(), problems.end(), 0) == 50);
  CHECK(std::count(problems.begin(), problems.end(), 1) == 50);
}

TEST_CASE("an engine without VALIDATE is asked once; another version of it is asked again") {
  const auto runtime = std::make_shared<ScriptedEngine>();
  runtime->script("", [](const auto&, auto&) {
    engine::Answer answer;
    answer.outcome = model::Outcome::kUnsupported;
    return std::optional(answer);
  });
  Validation validation;
  int fine = 0;
  const auto count = [&fine](auto found) { fine += found.has_value() && found->empty() ? 1 : 0; };
  for (int i = 0; i < 5; ++i) validation.judge(loaded(runtime), "{}", "tenant", count);
  CHECK(runtime->seen().size() == 1);
  validation.judge(loaded(runtime, "next"), "{}", "tenant", count);
  CHECK(runtime->seen().size() == 2);
  CHECK(fine == 6);
}

TEST_CASE("an engine that cannot say refuses one request and not those behind it") {
  const auto runtime = std::make_shared<ScriptedEngine>();
  runtime->hold("");
  Validation validation;
  int refused = 0;
  int fine = 0;
  for (int i = 0; i < 6; ++i)
    validation.judge(loaded(runtime), "{}", "tenant", [&](auto found) { ++(found.has_error() ? refused : fine); });
  REQUIRE(runtime->answer("", ScriptedEngine::failing(model::Outcome::kRetry)));
  while (runtime->answer("", ScriptedEngine::done())) {
  }
  CHECK(refused == 1);
  CHECK(fine == 5);
}
