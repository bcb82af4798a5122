// An engine with one step that does whatever a test wants it to do, for what needs a Context.
#pragma once
#include <functional>
#include <tenantry/testing/fake_host.hpp>

namespace probe {

struct Request {
  std::string word = "hello";
};
BOOST_DESCRIBE_STRUCT(Request, (), (word))

class Engine {
 public:
  static constexpr tenantry::Identity identity{"probe", "1.0.0", "Probe"};
  using Request = probe::Request;
  using Body = std::function<tenantry::Result<tenantry::Nothing>(tenantry::Context&)>;
  static inline Body body;

  static void define(tenantry::Graph<Engine>& g) {
    g.step("act", &Engine::act).secrets({"password"}).undo(&Engine::act_again);
  }
  tenantry::Result<tenantry::Nothing> act(tenantry::Context& context) { return body(context); }
  tenantry::Result<tenantry::Nothing> act_again(tenantry::Context& context, const std::optional<tenantry::Nothing>&) {
    return body(context);
  }
};

// Runs `body` as the step of a host that the test may have prepared; the body's value, if it is to be looked at, is
// captured by reference.
inline tenantry::testing::Report run(tenantry::testing::FakeHost& host, Engine::Body body) {
  Engine::body = std::move(body);
  return host.run("act");
}

}  // namespace probe
