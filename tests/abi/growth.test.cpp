// Older and younger sides of the same major version meet: a reader looks at a field only if the writer's size says so.
#include <tenantry/engine.hpp>

#include <cstddef>
#include <cstring>
#include <string>

#include "support/catch.hpp"

using namespace tenantry;

namespace {

struct Request {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Request, (), (name))

class Engine {
 public:
  static constexpr Identity identity{"growth", "1.0.0", "Growth"};
  using Request = ::Request;
  static void define(Graph<Engine>& g) { g.step("act", &Engine::act, g.request()); }
  Result<Nothing> act(Context& c, const ::Request&) {
    c.emit("growth.seen");
    c.info(c.traceparent());
    return done();
  }
};

struct Seen {
  std::string output, log;
  int events = 0;
};
Seen& seen(tenantry_ctx* ctx) { return *reinterpret_cast<Seen*>(ctx); }

tenantry_host plain_host() {
  tenantry_host host{};
  host.size = sizeof host;
  host.abi_major = 1;
  host.set_output = [](tenantry_ctx* ctx, tenantry_text text) noexcept {
    seen(ctx).output.assign(text.data, text.size);
  };
  host.set_error = [](tenantry_ctx*, tenantry_text, tenantry_text, tenantry_text) noexcept {};
  host.log = [](tenantry_ctx* ctx, tenantry_level, tenantry_text text, tenantry_text) noexcept {
    seen(ctx).log = text.size == 0 ? "" : std::string(text.data, text.size);
  };
  host.is_cancelled = [](tenantry_ctx*) noexcept -> std::int32_t { return 0; };
  host.emit = [](tenantry_ctx* ctx, tenantry_text, tenantry_text) noexcept { ++seen(ctx).events; };
  return host;
}

constexpr char kStep[] = "act";
constexpr char kInput[] = R"({"request":{"name":"x"}})";
constexpr char kTrace[] = "00-trace";

tenantry_call plain_call(const tenantry_host& host, Seen& what) {
  tenantry_call call{};
  call.size = sizeof call;
  call.op = TENANTRY_OP_RUN;
  call.step = {kStep, sizeof kStep - 1};
  call.input = {kInput, sizeof kInput - 1};
  call.host = &host;
  call.ctx = reinterpret_cast<tenantry_ctx*>(&what);
  call.traceparent = {kTrace, sizeof kTrace - 1};
  return call;
}

tenantry_outcome invoke(const tenantry_call& call) {
  const tenantry_plugin* plugin = detail::plugin_table<Engine>();
  tenantry_engine* engine = plugin->open(
      {nullptr, 0}, [](void*, tenantry_text) {}, nullptr);
  const tenantry_outcome outcome = plugin->invoke(engine, &call);
  plugin->close(engine);
  return outcome;
}

}  // namespace

TEST_CASE("both sides of the same version use everything") {
  Seen what;
  const tenantry_host host = plain_host();
  CHECK(invoke(plain_call(host, what)) == TENANTRY_DONE);
  CHECK(what.events == 1);
  CHECK(what.log == kTrace);
  CHECK(what.output == "{}");
}

TEST_CASE("a host whose table ends earlier is not asked for what it does not have") {
  Seen what;
  tenantry_host host = plain_host();
  host.size = offsetof(tenantry_host, emit);  // what lies behind is not the host's
  tenantry_call call = plain_call(host, what);
  call.size = offsetof(tenantry_call, traceparent);
  CHECK(invoke(call) == TENANTRY_DONE);
  CHECK(what.events == 0);
  CHECK(what.log == "");
}

TEST_CASE("a host with a null where it has nothing is not called there") {
  Seen what;
  tenantry_host host = plain_host();
  host.emit = nullptr;
  CHECK(invoke(plain_call(host, what)) == TENANTRY_DONE);
  CHECK(what.events == 0);
}

TEST_CASE("a younger host's longer structs do not disturb an engine") {
  Seen what;
  struct {
    tenantry_host known;
    void (*news)();
  } host{plain_host(), nullptr};
  host.known.size = sizeof host;
  host.known.abi_minor = 7;
  struct {
    tenantry_call known;
    tenantry_text news;
  } call{plain_call(host.known, what), {}};
  call.known.size = sizeof call;
  CHECK(invoke(call.known) == TENANTRY_DONE);
  CHECK(what.events == 1);
}

TEST_CASE("presence is decided to the byte") {
  tenantry_plugin plugin{};
  plugin.health = [](tenantry_engine*, tenantry_sink, void*) {};
  plugin.size = sizeof plugin;
  CHECK(TENANTRY_HAS(&plugin, health));
  plugin.size = sizeof plugin - 1;
  CHECK_FALSE(TENANTRY_HAS(&plugin, health));
  CHECK_FALSE(TENANTRY_HAS_FIELD(&plugin, health));
  plugin.size = sizeof plugin;
  plugin.health = nullptr;
  CHECK_FALSE(TENANTRY_HAS(&plugin, health));
  CHECK(TENANTRY_HAS_FIELD(&plugin, health));
}

TEST_CASE("the table says who it is") {
  const tenantry_plugin* plugin = detail::plugin_table<Engine>();
  CHECK(plugin->magic == TENANTRY_MAGIC);
  char bytes[9] = {};
  std::memcpy(bytes, &plugin->magic, 8);
  CHECK(std::string(bytes) == "TENANTRY");
  CHECK(plugin->size == sizeof(tenantry_plugin));
  CHECK(plugin->abi_major == 1);
  CHECK(plugin->abi_minor == 0);
  CHECK(plugin->min_host_minor == 0);
  CHECK(plugin->built_with.size > 0);
}
