#include <tenantry/testing/fake_host.hpp>

#include "support/catch.hpp"

namespace shop {

struct Request {
  std::string name;
  std::string colour = "blue";
  std::int64_t size = 1;
};
struct Settings {
  std::string url = "http://localhost";
};
struct NameOnly {
  std::string name;
};
struct Tenant {
  std::string id, country_code;
};
struct ServerSettings {
  std::string bench;
};
struct Server {
  std::string url;
  ServerSettings settings;
};
struct Site {
  std::string path;
  std::int64_t port = 0;
};
struct PathOnly {
  std::string path;
};
BOOST_DESCRIBE_STRUCT(Request, (), (name, colour, size))
BOOST_DESCRIBE_STRUCT(Settings, (), (url))
BOOST_DESCRIBE_STRUCT(NameOnly, (), (name))
BOOST_DESCRIBE_STRUCT(Tenant, (), (id, country_code))
BOOST_DESCRIBE_STRUCT(ServerSettings, (), (bench))
BOOST_DESCRIBE_STRUCT(Server, (), (url, settings))
BOOST_DESCRIBE_STRUCT(Site, (), (path, port))
BOOST_DESCRIBE_STRUCT(PathOnly, (), (path))

using namespace tenantry;

class Engine {
 public:
  static constexpr Identity identity{"shop", "2.1.0", "A shop", {"site", "company"}};
  using Request = shop::Request;
  using Settings = shop::Settings;
  explicit Engine(const Settings& settings) : url_(settings.url) {}

  static void define(Graph<Engine>& g) {
    const auto request = g.request();
    const auto site = g.step("create_site", &Engine::create_site, request, g.tenant(), g.server())
                          .title("Create the site")
                          .secrets({"server.admin", "tenant.admin_password"})
                          .attempts(5, 2s, 90s)
                          .timeout(20min)
                          .heartbeat(60s)
                          .wait_limit(24h)
                          .exclusive("shop.site")
                          .repeatable()
                          .expected(42s)
                          .undo(&Engine::drop_site)
                          .verify(&Engine::check_site)
                          .plan(&Engine::plan_site);
    const auto items =
        g.step("items", &Engine::items, request, site).exclusive("items", true).critical(false).optional();
    const auto demo = g.step("demo", &Engine::demo, site).skippable().verify(&Engine::check_demo);
    g.step("open", &Engine::open, demo, items).after(site).plan(&Engine::plan_open).verify(&Engine::check_open);
  }

  Problems validate(Context&, const Request& r) const {
    return r.name == "taken" ? Problems{{"/name", "is taken"}} : Problems{};
  }
  Health health() const { return {url_ != "down", "asked " + url_, {{"version", 15}}}; }

 private:
  Result<Site> create_site(Context&, const NameOnly& r, const Tenant& t, const Server& s) {
    return done(Site{s.settings.bench + "/" + r.name + "." + t.country_code, 8000});
  }
  Result<Nothing> drop_site(Context& c, const NameOnly&, const Tenant&, const Server&,
                            const std::optional<Site>& site) {
    c.info(site ? "dropped " + site->path : "nothing there");
    return done();
  }
  Verdict check_site(Context&, const NameOnly& r, const Tenant&, const Server&, const Site& site) {
    return r.name == "moved" ? drifted("site", site.path, "absent") : in_sync();
  }
  Result<Plan> plan_site(Context&, const NameOnly& r, const Tenant&, const Server&) {
    return done(Plan{{{"create", "site " + r.name, ""}}});
  }
  Result<Nothing> items(Context&, const Request&, const PathOnly& site) {
    return site.path.empty() ? Result<Nothing>(failed("shop.no_path", "no path")) : done();
  }
  Result<std::optional<Site>> demo(Context&, const Site& site) const {
    if (site.port == 8000) return skipped("no demo on port 8000");
    return done(site);
  }
  Verdict check_demo(Context&, const Site&, const Site&) { return drifted("demo", "a demo", "asked without one"); }
  Result<Nothing> open(Context& c, const std::optional<Site>& demo, const std::optional<Nothing>& items) {
    c.info(std::string(demo ? "demo" : "no demo") + (items ? ", items" : ", no items"));
    return already_done();
  }
  Verdict check_open(Context&, const std::optional<Site>&, const std::optional<Nothing>&,
                     const std::optional<Nothing>& answered) {
    return answered ? in_sync() : in_sync().with_output(encode(Nothing{}));
  }
  Result<Plan> plan_open(Context&, const std::optional<Site>& demo, const std::optional<Nothing>&) {
    return done(Plan{{{demo ? "change" : "unknown", "shop", ""}}});
  }
  std::string url_;
};

class Twice {
 public:
  static constexpr Identity identity{"twice", "1.0.0", "An id used twice"};
  using Request = shop::Request;
  static void define(Graph<Twice>& g) {
    g.step("one", &Twice::nothing);
    g.step("one", &Twice::nothing);
  }
  Result<Nothing> nothing(Context&) { return done(); }
};

class BadId {
 public:
  static constexpr Identity identity{"bad_id", "1.0.0", "No step id"};
  using Request = shop::Request;
  static void define(Graph<BadId>& g) { g.step("Create-Site", &BadId::nothing); }
  Result<Nothing> nothing(Context&) { return done(); }
};

}  // namespace shop

using namespace tenantry;
using testing::FakeHost;

namespace {

void prepare(FakeHost& host, const char* name = "acme") {
  host.document["request"] = {{"name", name}, {"colour", "red"}, {"size", 3}};
  host.document["tenant"] = {{"id", "t1"}, {"country_code", "ke"}, {"admin_email", "a@b.c"}};
  host.document["server"] = {{"id", "s1"}, {"url", "http://x"}, {"settings", {{"bench", "/b"}, {"more", 1}}}};
}

}  // namespace

TEST_CASE("the manifest says who the engine is and what it wants") {
  const auto host = FakeHost::of<shop::Engine>();
  const json::object& manifest = host.manifest();
  CHECK(manifest.at("engine") == "shop");
  CHECK(manifest.at("version") == "2.1.0");
  CHECK(manifest.at("title") == "A shop");
  CHECK(manifest.at("manifest") == 1);
  CHECK(manifest.at("tenancy") == json::array{"site", "company"});
  CHECK(json::value(manifest.at("request")) == schema<shop::Request>(true));
  CHECK(json::value(manifest.at("settings")) == schema<shop::Settings>(true));
  CHECK(manifest.at("steps").as_array().size() == 4);
}

TEST_CASE("every option of a step is in the manifest") {
  const auto host = FakeHost::of<shop::Engine>();
  CHECK(json::value(host.step("create_site")) == json::parse(R"({
    "id":"create_site","title":"Create the site",
    "input":{"request":{"from":"/request","members":["name"]},
             "tenant":{"from":"/tenant","members":["id","country_code"]},
             "server":{"from":"/server","members":["url","settings"]}},
    "output":{"type":"object","required":["path"],"properties":{"path":{"type":"string"},"port":{"type":"integer","default":0}}},
    "operations":["run","undo","verify","plan"],
    "secrets":["server.admin","tenant.admin_password"],
    "retry":{"attempts":5,"backoff_ms":2000,"max_backoff_ms":90000},
    "timeout_ms":1200000,"heartbeat_ms":60000,"wait_limit_ms":86400000,
    "exclusive":"shop.site","repeatable":true,"expected_ms":42000})"));
  CHECK(json::value(host.step("items")) == json::parse(R"({
    "id":"items","input":{"request":{"from":"/request","members":["name","colour","size"]},
                          "create_site":{"from":"/steps/create_site/output","members":["path"]}},
    "output":{"type":"object"},"operations":["run"],
    "exclusive":"items","per_tenant":true,"critical":false,"optional":true})"));
  CHECK(json::value(host.step("demo").at("skippable")) == true);
  CHECK(host.step("demo").at("output") == schema<shop::Site>());
  CHECK(json::value(host.step("open")) == json::parse(R"({
    "id":"open","input":{"demo":{"from":"/steps/demo/output"},"items":{"from":"/steps/items/output"}},
    "output":{"type":"object"},"operations":["run","plan","verify"],"after":["create_site"]})"));
}

TEST_CASE("the manifest is the same bytes every time") {
  const tenantry_plugin* plugin = detail::plugin_table<shop::Engine>();
  const auto read = [&] {
    std::string text;
    plugin->manifest([](void* to, tenantry_text t) { static_cast<std::string*>(to)->append(t.data, t.size); }, &text);
    return text;
  };
  CHECK(read() == read());
  CHECK(plugin == detail::plugin_table<shop::Engine>());
}

TEST_CASE("a run goes through the graph, and each step sees only what it asked for") {
  auto host = FakeHost::of<shop::Engine>();
  prepare(host);
  CHECK(json::value(host.input_of("create_site")) == json::parse(R"({"request":{"name":"acme"},
    "tenant":{"id":"t1","country_code":"ke"},"server":{"url":"http://x","settings":{"bench":"/b","more":1}}})"));
  const auto made = host.run("create_site");
  CHECK(made.outcome == TENANTRY_DONE);
  CHECK(*made.output == json::parse(R"({"path":"/b/acme.ke","port":8000})"));
  CHECK(host.input_of("items").at("create_site") == json::parse(R"({"path":"/b/acme.ke"})"));
  CHECK(host.run("items").outcome == TENANTRY_DONE);
  const auto demo = host.run("demo");
  CHECK(demo.outcome == TENANTRY_SKIPPED);
  CHECK(demo.message == "no demo on port 8000");
  const auto opened = host.run("open");
  CHECK(opened.outcome == TENANTRY_ALREADY_DONE);
  CHECK(*opened.output == json::object());
  CHECK(opened.logged("no demo, items"));
}

TEST_CASE("a step that was skipped by a person is nothing to its readers") {
  auto host = FakeHost::of<shop::Engine>();
  prepare(host);
  host.document["steps"] = {{"demo", {{"output", {{"path", "p"}, {"port", 1}}}}}, {"items", {{"output", nullptr}}}};
  CHECK(host.run("open").logged("demo, no items"));
}

TEST_CASE("undo gets the output, or nothing if the step never finished") {
  auto host = FakeHost::of<shop::Engine>();
  prepare(host);
  CHECK(host.undo("create_site").logged("nothing there"));
  static_cast<void>(host.run("create_site"));
  CHECK(host.undo("create_site").logged("dropped /b/acme.ke"));
}

TEST_CASE("verify answers in sync, drifted, and drifted when there is no output to compare with") {
  auto host = FakeHost::of<shop::Engine>();
  prepare(host);
  const auto without = host.verify("create_site");
  CHECK(without.outcome == TENANTRY_DRIFTED);
  CHECK(without.output->at("drift").at(0).at("what") == "output");
  static_cast<void>(host.run("create_site"));
  CHECK(host.verify("create_site").outcome == TENANTRY_DONE);
  prepare(host, "moved");
  const auto moved = host.verify("create_site");
  CHECK(moved.outcome == TENANTRY_DRIFTED);
  CHECK(*moved.output == json::parse(R"({"drift":[{"what":"site","expected":"/b/acme.ke","found":"absent"}]})"));
}

TEST_CASE("a step that was skipped left nothing that could drift") {
  auto host = FakeHost::of<shop::Engine>();
  prepare(host);
  CHECK(host.run("demo").outcome == TENANTRY_FAILED);  // without its input
  static_cast<void>(host.run("create_site"));
  CHECK(host.run("demo").outcome == TENANTRY_SKIPPED);
  CHECK(host.verify("demo").outcome == TENANTRY_DONE);
}

TEST_CASE(
    "a verify function that is ready for it judges an attempt that never answered, and hands over what it found") {
  auto host = FakeHost::of<shop::Engine>();
  prepare(host);
  const auto unanswered = host.verify("open");
  CHECK(unanswered.outcome == TENANTRY_DONE);
  CHECK(unanswered.output == json::value(json::object()));
  static_cast<void>(host.run("open"));
  CHECK_FALSE(host.verify("open").output.has_value());
}

TEST_CASE("plan works before anything exists") {
  auto host = FakeHost::of<shop::Engine>();
  prepare(host);
  CHECK(*host.plan("create_site").output ==
        json::parse(R"({"actions":[{"verb":"create","what":"site acme","detail":""}]})"));
  CHECK(host.plan("open").output->at("actions").at(0).at("verb") == "unknown");
}

TEST_CASE("validate judges the request, its form first") {
  auto host = FakeHost::of<shop::Engine>();
  prepare(host);
  CHECK(host.validate().outcome == TENANTRY_DONE);
  CHECK(*host.validate().output == json::parse(R"({"problems":[]})"));
  prepare(host, "taken");
  CHECK(*host.validate().output == json::parse(R"({"problems":[{"path":"/name","message":"is taken"}]})"));
  host.document["request"] = {{"name", 7}};
  CHECK(*host.validate().output == json::parse(R"({"problems":[{"path":"/name","message":"expected text"}]})"));
}

TEST_CASE("health tells about the engine's backends") {
  const auto up = FakeHost::of<shop::Engine>();
  CHECK(up.health() == json::parse(R"({"version":15,"healthy":true,"message":"asked http://localhost"})"));
  const auto down = FakeHost::of<shop::Engine>({{"url", "down"}});
  CHECK(down.health().at("healthy") == false);
}

TEST_CASE("settings that do not fit keep the engine from opening, with the place") {
  std::string reason;
  try {
    const auto host = FakeHost::of<shop::Engine>({{"url", 5}});
  } catch (const std::runtime_error& error) {
    reason = error.what();
  }
  CHECK(reason == "/settings/url: expected text");
}

TEST_CASE("an operation a step does not have, and a step that does not exist, are unsupported") {
  auto host = FakeHost::of<shop::Engine>();
  prepare(host);
  CHECK(host.undo("open").outcome == TENANTRY_UNSUPPORTED);
  CHECK(host.invoke(TENANTRY_OP_RUN, "no_such_step", "{}").outcome == TENANTRY_UNSUPPORTED);
  CHECK(host.invoke(99, "open", "{}").outcome == TENANTRY_UNSUPPORTED);
}

TEST_CASE("a graph no compiler can refuse is refused with a sentence") {
  const auto words = [](const tenantry_plugin* plugin) {
    try {
      const FakeHost host(plugin);
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK(words(detail::plugin_table<shop::Twice>()) == "two steps are called \"one\"");
  CHECK(words(detail::plugin_table<shop::BadId>()) == "\"Create-Site\" is no step id: [a-z][a-z0-9_]{0,63}");
}
