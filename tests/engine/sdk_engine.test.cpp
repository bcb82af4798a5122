// The example engines, which are built with the SDK and without it, in the host.
#include <cstdlib>

#include "base/json.hpp"
#include "engine/in_process.hpp"
#include "fixture.hpp"
#include "support/catch.hpp"

namespace tenantry::engine {
namespace {

namespace json = boost::json;
using model::Op;
using model::Outcome;

fs::path example(const std::string& name) { return fs::path(TEST_ENGINES) / (name + ".so"); }

struct Running {
  Library library;
  std::unique_ptr<InProcess> runtime;

  Running(const std::string& name, const json::object& settings) : library(load(name)) {
    const auto open = library.open(settings);
    if (open.has_error()) throw std::runtime_error(open.error().message);
    runtime = std::make_unique<InProcess>(*open, library.contract()->manifest());
  }
  static Library load(const std::string& name) {
    auto loaded = Library::load(example(name));
    if (loaded.has_error()) throw std::runtime_error(loaded.error().message);
    return std::move(*loaded);
  }
  Answer call(Op op, const std::string& step, const json::value& input, const std::string& output = "") const {
    auto sink = std::make_shared<Recorder>();
    Invocation call;
    call.op = op;
    call.step = step;
    call.tenant_id = "tenant_1";
    call.idempotency_key = "run_1." + step;
    call.input = json::serialize(input);
    call.output = output;
    runtime->start(call, sink);
    return sink->answer();
  }
};

TEST_CASE("an engine of the SDK runs, verifies and undoes its steps in the host") {
  const Folder folder;
  const Running hello("hello", {{"directory", folder.path().string()}});
  const auto& contract = *hello.library.contract();
  const auto request = *contract.complete_request(json::object{{"name", "acme"}});
  CHECK(request.at("greeting") == "Hello");

  const auto room = hello.call(Op::kRun, "make_room", {{"request", request}});
  CHECK(room.outcome == Outcome::kDone);
  CHECK_FALSE(contract.check_output(*contract.manifest()->find("make_room"), room.output).has_value());
  const json::value input{{"request", request}, {"make_room", json::parse(room.output)}};
  const auto greeting = hello.call(Op::kRun, "write_greeting", input);
  CHECK(greeting.outcome == Outcome::kDone);
  CHECK(read_file(folder.path() / "acme" / "greeting.txt") == "Hello, acme!");
  CHECK(hello.call(Op::kRun, "write_greeting", input).outcome == Outcome::kAlreadyDone);
  CHECK(hello.call(Op::kVerify, "write_greeting", input, greeting.output).outcome == Outcome::kDone);
  CHECK(hello.call(Op::kUndo, "write_greeting", input, greeting.output).outcome == Outcome::kDone);
  const auto drifted = hello.call(Op::kVerify, "write_greeting", input, greeting.output);
  CHECK(drifted.outcome == Outcome::kDrifted);
  CHECK(json::parse(drifted.output).at("drift").as_array().size() == 1);
}

TEST_CASE("an engine of the SDK refuses an input that is not its step's") {
  const Folder folder;
  const Running hello("hello", {{"directory", folder.path().string()}});
  const auto answer = hello.call(Op::kRun, "make_room", {{"request", {{"name", 7}}}});
  CHECK(answer.outcome == Outcome::kFailed);
  REQUIRE(answer.failure.has_value());
  CHECK(answer.failure->code == "engine.bad_input");
  CHECK(answer.failure->cause == model::FailureClass::kInvalidInput);
  CHECK(hello.call(Op::kRun, "no_such_step", json::object{}).outcome == Outcome::kUnsupported);
}

TEST_CASE("an engine without the SDK runs in the host") {
  const Folder folder;
  ::setenv("PLAIN_C_ROOT", folder.path().c_str(), 1);
  const Running plain("plain_c", {});
  const auto& step = plain.library.contract()->manifest()->steps.front().id;
  const json::value input{{"request", {{"tenant", "acme"}}}};
  CHECK(plain.call(Op::kRun, step, input).outcome == Outcome::kDone);
  const auto again = plain.call(Op::kRun, step, input);
  CHECK(again.outcome == Outcome::kAlreadyDone);
  CHECK(fs::is_directory(std::string(json::parse(again.output).at("path").as_string())));
  CHECK(plain.call(Op::kUndo, step, input, again.output).outcome == Outcome::kDone);
  CHECK(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace tenantry::engine
