// What an event says of the state of its run, over thousands of random histories.
#include "model/view.hpp"

#include <map>
#include <set>

#include "model/simulation.hpp"
#include "schema/builtin.hpp"
#include "support/catch.hpp"

using namespace tenantry;
namespace json = boost::json;

namespace {

std::string told(const std::vector<base::Problem>& problems) {
  std::string text;
  for (const auto& problem : problems) text += problem.pointer + ": " + problem.message + "\n";
  return text;
}

json::object view_of(const model::Event& event) {
  return event.view.empty() ? json::object() : json::parse(event.view).as_object();
}

// A page that knows nothing but the events.
struct Page {
  std::map<std::string, std::string> steps;
  std::string state;
  double progress = 0;

  void hear(const model::Event& event) {
    const auto view = view_of(event);
    if (view.empty()) return;
    for (const auto& step : view.at("steps").as_array())
      steps[json::value_to<std::string>(step.at("id"))] = json::value_to<std::string>(step.at("state"));
    state = json::value_to<std::string>(view.at("run").at("state"));
    progress = json::value_to<double>(view.at("run").at("progress"));
  }
};

}  // namespace

TEST_CASE("events hold what their schemas say, and every type of the schema happens") {
  const auto& event_schema = schema::builtin("event");
  const auto& data_schema = schema::builtin("event_data");
  std::set<std::string> types;
  for (std::uint64_t seed = 1; seed <= 3'000; ++seed) {
    std::string wrong;
    const auto seen = [&](const model::Run& run, model::Change change) {
      model::add_views(run, change);
      for (const auto& event : change.events) {
        if (types.contains(event.type) && event.number % 7 != 0) continue;
        types.insert(event.type);
        json::object whole = view_of(event);
        const auto data = json::parse(event.data);
        whole["id"] = 1;
        whole["run_id"] = run.spec->id.value;
        whole["tenant_id"] = run.spec->tenant.value;
        whole["number"] = event.number;
        whole["type"] = event.type;
        whole["step"] = event.step.empty() ? json::value(nullptr) : json::value(event.step);
        whole["at"] = base::format_time(event.at);
        whole["data"] = data;
        wrong += told(event_schema.check(whole));
        if (!event.type.starts_with("engine.")) wrong += told(data_schema.check(json::object{{event.type, data}}));
        if (!wrong.empty()) wrong += json::serialize(whole);
      }
    };
    REQUIRE(model::test::simulate(seed, seen).empty());
    INFO("seed " << seed);
    REQUIRE(wrong == "");
  }
  // A history does not log, and has one version of its engine.
  types.insert("step.log");
  types.insert("run.repinned");
  for (const auto* type : {"server.available", "server.unavailable"}) {  // nor does it have servers
    CHECK(told(data_schema.check(json::object{{type, json::object{{"server", "nairobi"}}}})).empty());
    CHECK_FALSE(told(data_schema.check(json::object{{type, json::object()}})).empty());
    types.insert(type);
  }
  const auto page = json::parse(schema::builtin_text("event_data"));
  for (const auto& property : page.at("properties").as_object()) {
    CAPTURE(std::string(property.key()));
    CHECK(types.contains(std::string(property.key())));
  }
}

TEST_CASE("a page that draws a run from its events alone shows what the run is") {
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
    Page page;
    std::string wrong;
    std::set<std::string> quiet;  // changed by the passing of time alone, which is no event
    const auto seen = [&](const model::Run& run, model::Change change) {
      model::add_views(run, change);
      if (change.events.empty()) {
        for (const auto& [i, step] : change.steps) quiet.insert(run.manifest().steps[i].id);
        return;
      }
      for (const auto& event : change.events) page.hear(event);
      for (std::size_t i = 0; i < run.steps.size(); ++i) {
        const auto& id = run.manifest().steps[i].id;
        const std::string state(word(run.steps[i].state));
        if (page.steps[id] == state) quiet.erase(id);
        const bool waited = quiet.contains(id) && page.steps[id] == "waiting" && state == "ready";
        if (page.steps[id] != state && !waited && wrong.empty())
          wrong = id + " is " + state + ", not " + page.steps[id] + ", after " + change.events.back().type;
      }
      if (page.state != word(run.head.state) && wrong.empty()) wrong = "the run is not " + page.state;
      if (page.progress != model::shown_progress(run) && wrong.empty()) wrong = "progress";
    };
    REQUIRE(model::test::simulate(seed, seen).empty());
    INFO("seed " << seed);
    REQUIRE(wrong == "");
  }
}
