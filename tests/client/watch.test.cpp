#include "client/watch.hpp"
#include "base/json_text.hpp"

#include <set>
#include <sstream>

#include "client/answering.hpp"
#include "client/exit_code.hpp"

using namespace tenantry;
using namespace tenantry::client;
namespace json = base::json;

namespace {

const base::Time kStart = *base::parse_time("2026-01-01T10:00:00.000Z");

json::object step(const std::string& id, const std::string& state, int attempt = 0) {
  return {
      {"id", id},          {"state", state},         {"attempt", attempt},    {"max_attempts", 5},     {"message", ""},
      {"due_at", nullptr}, {"wait_reason", nullptr}, {"started_at", nullptr}, {"duration_ms", nullptr}};
}

json::value status(const std::string& word, double progress, json::array steps) {
  return json::object{{"tenant_id", "ten_1"},
                      {"status", word},
                      {"progress", progress},
                      {"steps_completed", 1},
                      {"total_steps", static_cast<int>(steps.size())},
                      {"errors", json::array{}},
                      {"steps", std::move(steps)},
                      {"started_at", "2026-01-01T10:00:00.000Z"},
                      {"completed_at", nullptr},
                      {"estimated_completion", "2026-01-01T10:00:20.000Z"}};
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

WatchOptions quick(Format format = Format::kTable) {
  WatchOptions options;
  options.format = format;
  options.interval = std::chrono::milliseconds(1);
  options.patience = std::chrono::milliseconds(50);
  return options;
}

}  // namespace

TEST_CASE("the picture shows a bar, and for each step its symbol, state, time, attempt and message") {
  auto done = step("create_company", "completed", 1);
  done["duration_ms"] = 1'250;
  done["message"] = "Company Acme\ncreated";
  auto waiting = step("chart", "waiting", 2);
  waiting["wait_reason"] = "backoff";
  waiting["due_at"] = "2026-01-01T10:00:13.000Z";
  auto document = status("IN_PROGRESS", 33.4, {done, waiting, step("users", "pending")});
  document.as_object()["errors"] = json::array{json::object{{"step", "chart"}, {"error", "deadlock"}}};
  Look look;
  look.width = 120;
  const auto lines = picture("Acme", document, look, kStart + base::Millis(10'000));
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "Acme  IN_PROGRESS  [########----------------] 33.4 %  1/3 steps  10.0 s, about 10.0 s left");
  CHECK(lines[1] == "+ completed  create_company  1.2 s     attempt 1/5  Company Acme created");
  CHECK(lines[2] == "~ waiting    chart                     attempt 2/5  backoff, again in 3.0 s, deadlock");
  CHECK(lines[3] == ". pending    users");
}

TEST_CASE("every state has a word and a symbol of its own, so none is told by colour alone") {
  std::set<std::string> symbols;
  Look look;
  look.utf8 = GENERATE(false, true);
  for (const auto* state :
       {"pending", "ready", "running", "waiting", "completed", "exists", "skipped", "failed", "cancelled", "unknown"}) {
    const auto lines = picture("A", status("IN_PROGRESS", 0, {step("s", state)}), look, kStart);
    symbols.insert(lines[1].substr(0, lines[1].find(' ')));
    CHECK(contains(lines[1], state));
  }
  CHECK(symbols.size() == 10);
}

TEST_CASE("a line never leaves the terminal, with and without colour") {
  auto long_one = step("a_step_with_a_long_name", "failed", 3);
  long_one["message"] = std::string(500, 'x');
  Look look;
  look.width = 40;
  look.utf8 = true;
  for (const auto& line : picture("Acme", status("FAILED", 10, {long_one}), look, kStart)) CHECK(columns(line) <= 40);
  look.colour = true;
  const auto lines = picture("Acme", status("FAILED", 10, {long_one}), look, kStart);
  CHECK(lines[1].rfind("\x1b[31m\xE2\x9C\x97 failed   \x1b[0m", 0) == 0);
  CHECK(columns(lines[1]) <= 40 + columns("\x1b[31m\x1b[0m"));
}

TEST_CASE("a picture with more steps than the terminal has lines keeps what is running in sight") {
  json::array steps;
  for (int i = 0; i < 60; ++i)
    steps.push_back(step("s" + std::to_string(i), i < 40 ? "completed" : i == 40 ? "running" : "pending"));
  Look look;
  look.height = 20;
  const auto lines = picture("A", status("IN_PROGRESS", 60, steps), look, kStart);
  CHECK(lines.size() < look.height);
  const auto text = joined(lines);
  CHECK(contains(text, " s40"));
  CHECK(contains(text, "40 finished steps before"));
  CHECK(contains(text, "more steps"));
}

TEST_CASE("a change is said once, and a step that only waits for its turn is not mentioned") {
  Changes changes;
  const Look look;
  CHECK(changes.next(status("IN_PROGRESS", 0, {step("a", "ready"), step("b", "pending")}), look, kStart).empty());
  const auto running = status("IN_PROGRESS", 10, {step("a", "running", 1), step("b", "pending")});
  CHECK(changes.next(running, look, kStart).size() == 1);
  CHECK(changes.next(running, look, kStart).empty());
  const auto again = status("IN_PROGRESS", 10, {step("a", "running", 2), step("b", "pending")});
  const auto lines = changes.next(again, look, kStart + base::Millis(1'500));
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == "1.5 s     10 %    > running    a            attempt 2/5");
}

TEST_CASE("the closing lines say how it ended, why, and what to do next") {
  auto document = status("FAILED", 50, {step("a", "failed", 1)});
  document.as_object()["completed_at"] = "2026-01-01T10:00:12.000Z";
  document.as_object()["errors"] = json::array{json::object{
      {"step", "a"}, {"error", "no such\x1b country"}, {"code", "erpnext.country"}, {"next_action", "Correct it."}}};
  CHECK(joined(closing("Acme", document)) ==
        "FAILED  Acme: 1 of 1 steps in 12.0 s\n  a: no such country (erpnext.country)\n  Next: Correct it.\n");
}

TEST_CASE("a watch goes on until the run is over, and its exit code says how it ended") {
  const auto [word, code] = GENERATE(table<std::string, int>(
      {std::tuple<std::string, int>{"COMPLETED", kExitOk}, std::tuple<std::string, int>{"PARTIAL", kExitPartial},
       std::tuple<std::string, int>{"FAILED", kExitFailed}, std::tuple<std::string, int>{"CANCELLED", kExitFailed}}));
  Answering host;
  const std::string path = "GET /api/provisioning/tenants/ten_1/status";
  host.on(path, json::serialize(status("IN_PROGRESS", 0, {step("a", "running", 1)})).c_str());
  host.on(path, json::serialize(status(word, 100, {step("a", "completed", 1)})).c_str());
  Client client(host.url(), "t");
  std::ostringstream out;
  std::ostringstream err;
  CHECK(watch(client, "ten_1", "Acme", quick(), out, err) == code);
  CHECK(contains(out.str(), "> running    a"));
  CHECK(contains(out.str(), "+ completed  a"));
  CHECK(contains(out.str(), word + "  Acme: "));
  CHECK_FALSE(contains(out.str(), "\x1b"));
  CHECK(err.str().empty());
}

TEST_CASE("on a terminal the picture is drawn over the one before") {
  Answering host;
  const std::string path = "GET /api/provisioning/tenants/ten_1/status";
  host.on(path, json::serialize(status("IN_PROGRESS", 0, {step("a", "running", 1)})).c_str());
  host.on(path, json::serialize(status("COMPLETED", 100, {step("a", "completed", 1)})).c_str());
  Client client(host.url(), "t");
  auto options = quick();
  options.look.terminal = true;
  std::ostringstream out;
  std::ostringstream err;
  CHECK(watch(client, "ten_1", "Acme", options, out, err) == kExitOk);
  CHECK(contains(out.str(), "\x1b[2A\r"));
}

TEST_CASE("as JSON a watch is one status answer in a line for each change") {
  Answering host;
  const std::string path = "GET /api/provisioning/tenants/ten_1/status";
  const auto running = base::to_text(status("IN_PROGRESS", 0, {step("a", "running", 1)}));
  const auto done = base::to_text(status("COMPLETED", 100, {step("a", "completed", 1)}));
  host.on(path, running.c_str());
  host.on(path, running.c_str());
  host.on(path, done.c_str());
  Client client(host.url(), "t");
  std::ostringstream out;
  std::ostringstream err;
  CHECK(watch(client, "ten_1", "Acme", quick(Format::kJson), out, err) == kExitOk);
  CHECK(out.str() == running + "\n" + done + "\n");
}

TEST_CASE("a watch outlives a host that is away for a moment, and gives up on one that stays away") {
  Answering host;
  const std::string path = "GET /api/provisioning/tenants/ten_1/status";
  Client client(host.url(), "t");
  std::ostringstream out;
  std::ostringstream err;
  SECTION("for a moment") {
    host.on(path, R"({"code":"http.draining","detail":"Stopping."})", 503);
    host.on(path, json::serialize(status("COMPLETED", 100, {step("a", "completed", 1)})).c_str());
    auto options = quick();
    options.patience = std::chrono::minutes(1);
    CHECK(watch(client, "ten_1", "Acme", options, out, err) == kExitOk);
    CHECK(err.str() == "Stopping. Waiting for the host to come back.\n");
  }
  SECTION("for good") {
    host.on(path, R"({"code":"http.draining","detail":"Stopping."})", 503);
    CHECK(watch(client, "ten_1", "Acme", quick(), out, err) == kExitError);
    CHECK(contains(err.str(), "Error: Stopping. (http.draining)"));
  }
  SECTION("a refusal ends it at once") {
    host.on(path, R"({"code":"tenant.unknown","detail":"No such tenant."})", 404);
    CHECK(watch(client, "ten_1", "Acme", quick(), out, err) == kExitRefused);
    CHECK(host.asked().size() == 1);
  }
}

TEST_CASE("a tenant that was never started is not watched") {
  Answering host;
  auto document = status("NOT_STARTED", 0, {step("a", "pending")});
  document.as_object()["started_at"] = nullptr;
  host.on("GET /api/provisioning/tenants/ten_1/status", json::serialize(document).c_str());
  Client client(host.url(), "t");
  std::ostringstream out;
  std::ostringstream err;
  CHECK(watch(client, "ten_1", "Acme", quick(), out, err) == kExitRefused);
  CHECK(contains(out.str(), "Next: tenantry start ten_1"));
}

TEST_CASE("a status answer with members missing is shown as far as it goes") {
  const Look look;
  CHECK(picture("A", json::object{}, look, kStart).size() == 1);
  CHECK(picture("A", json::parse(R"({"steps":[1,{}],"progress":"x","errors":3})"), look, kStart).size() == 3);
  CHECK(is_over(json::object{}));
}
