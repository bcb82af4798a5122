// The host of this tree meets engines that are older and younger than its header.
#include <tenantry/abi.h>

#include "engine/fixture.hpp"
#include "engine/in_process.hpp"
#include "support/catch.hpp"

namespace tenantry::engine {
namespace {

TEST_CASE("the host runs engines of its own version, of a younger one, and of a younger header aimed at its own") {
  for (const char* name : {"plugin_1_0", "plugin_next", "plugin_for_1_0"}) {
    CAPTURE(name);
    const auto library = Library::load(plugin(std::string("abi_") + name));
    REQUIRE(library.has_value());
    const auto opened = library->open(boost::json::object{});
    REQUIRE(opened.has_value());
    InProcess runtime(*opened, library->contract()->manifest());
    auto sink = std::make_shared<Recorder>();
    Invocation call;
    call.step = "act";
    call.input = "{}";
    const auto running = runtime.start(call, sink);
    const auto answer = sink->answer();
    CHECK(answer.outcome == model::Outcome::kDone);
    CHECK(answer.output == R"({"counted":0,"locale":"absent"})");
    CHECK(sink->events().size() == 1);
  }
}

TEST_CASE("an engine that needs a younger host is refused with both versions") {
  const auto library = Library::load(plugin("abi_plugin_needs_next"));
  REQUIRE(library.has_error());
  CHECK(library.error().message.find("needs a host of ABI 1.1 or newer, this one is 1.0") != std::string::npos);
  CHECK(TENANTRY_ABI_MINOR == 0);  // with the next release the synthetic header has to move on
}

}  // namespace
}  // namespace tenantry::engine
