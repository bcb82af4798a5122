#include <limits>
#include <new>

#include "probe.hpp"
#include "support/catch.hpp"

using namespace tenantry;
using testing::FakeHost;
using testing::Report;

namespace {

struct Mark {
  std::int64_t at = 0;
};
BOOST_DESCRIBE_STRUCT(Mark, (), (at))

Report run(probe::Engine::Body body) {
  auto host = FakeHost::of<probe::Engine>();
  return probe::run(host, std::move(body));
}

}  // namespace

TEST_CASE("what a step returns is what the host is told") {
  CHECK(run([](Context&) { return done(); }).outcome == TENANTRY_DONE);
  CHECK(run([](Context&) { return already_done(); }).outcome == TENANTRY_ALREADY_DONE);
  CHECK(run([](Context&) { return cancelled(); }).outcome == TENANTRY_CANCELLED);

  const Report later = run([](Context&) { return wait(30s, "no DNS yet"); });
  CHECK(later.outcome == TENANTRY_WAIT);
  CHECK(later.retry_after == 30s);
  CHECK(later.message == "no DNS yet");
  CHECK_FALSE(later.output.has_value());

  const Report again = run([](Context&) { return retry("probe.busy", "try later", 5s); });
  CHECK(again.outcome == TENANTRY_RETRY);
  CHECK(again.code == "probe.busy");
  CHECK(again.message == "try later");
  CHECK(again.retry_after == 5s);

  const Report broken = run([](Context&) {
    return failed("probe.bad", "no")
        .at("/request/word")
        .next_action("Fix it.")
        .detail("found", 7)
        .detail("text", std::string("x"));
  });
  CHECK(broken.outcome == TENANTRY_FAILED);
  CHECK_FALSE(broken.retry_after.has_value());
  CHECK(json::value(broken.detail) ==
        json::parse(R"({"pointer":"/request/word","next_action":"Fix it.","found":7,"text":"x"})"));
}

TEST_CASE("nothing that is thrown leaves the plugin, and each kind has its outcome") {
  const auto thrown = [](auto what) { return run([what](Context&) -> Result<Nothing> { throw what; }); };
  const Report bad = thrown(BadInput("/request/word", "expected text"));
  CHECK(bad.outcome == TENANTRY_FAILED);
  CHECK(bad.code == "engine.bad_input");
  CHECK(bad.detail.at("problems").at(0).at("path") == "/request/word");
  CHECK(thrown(MissingSecret("password")).outcome == TENANTRY_FAILED);
  CHECK(thrown(MissingSecret("password")).message.find("password") != std::string::npos);
  CHECK(thrown(std::logic_error("a bug")).outcome == TENANTRY_FAILED);
  CHECK(thrown(std::logic_error("a bug")).message == "a bug");
  CHECK(thrown(std::out_of_range("a bug")).code == "engine.logic_error");
  CHECK(thrown(std::runtime_error("down")).outcome == TENANTRY_RETRY);
  CHECK(thrown(std::runtime_error("down")).message == "down");
  CHECK(thrown(std::bad_alloc()).outcome == TENANTRY_RETRY);
  CHECK(thrown(42).outcome == TENANTRY_RETRY);
  CHECK(thrown(Cancelled()).outcome == TENANTRY_CANCELLED);
  CHECK(thrown(std::runtime_error("not \xff UTF-8")).contract_broken.empty());
}

TEST_CASE("malformed input fails, and never retries") {
  auto host = FakeHost::of<probe::Engine>();
  probe::Engine::body = [](Context&) { return done(); };
  for (const char* input : {"", "{", "[]", "5", "null", "{\"a\":1", "\xff"}) {
    CAPTURE(input);
    const Report report = host.invoke(TENANTRY_OP_RUN, "act", input);
    CHECK(report.outcome == TENANTRY_FAILED);
    CHECK(report.code == "engine.bad_input");
    CHECK(report.contract_broken.empty());
  }
}

TEST_CASE("a step knows its call") {
  auto host = FakeHost::of<probe::Engine>();
  host.attempt = 3;
  host.max_attempts = 5;
  host.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const Report report = probe::run(host, [](Context& c) {
    c.info("call", {{"step", c.step()},
                    {"run", c.run_id()},
                    {"tenant", c.tenant_id()},
                    {"key", c.idempotency_key()},
                    {"attempt", c.attempt()},
                    {"most", c.max_attempts()},
                    {"trace", c.traceparent()}});
    return done();
  });
  REQUIRE(report.log.size() == 1);
  CHECK(json::value(report.log[0].fields) ==
        json::parse(R"({"step":"act","run":"run-1","tenant":"tenant-1","key":"run-1.act","attempt":3,"most":5,
                        "trace":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})"));
}

TEST_CASE("log, progress, heartbeat and events reach the host") {
  const Report report = run([](Context& c) {
    c.debug("d");
    c.info("i", {{"n", 1}});
    c.warn("w");
    c.error("bytes \xC3\x28 and \xE2\x82\xAC and \xF0\x9F\x98\x80");
    c.progress(0.5, "half");
    c.progress(7, "too much");
    c.progress(-1);
    c.progress(std::numeric_limits<double>::quiet_NaN());
    c.heartbeat();
    c.emit("probe.seen", {{"what", "x"}});
    return done();
  });
  REQUIRE(report.log.size() == 4);
  CHECK(report.log[0].level == TENANTRY_LOG_DEBUG);
  CHECK(report.log[1].fields.at("n") == 1);
  CHECK(report.log[2].level == TENANTRY_LOG_WARN);
  CHECK(report.log[3].message == "bytes \xEF\xBF\xBD( and \xE2\x82\xAC and \xF0\x9F\x98\x80");
  CHECK(report.progress ==
        std::vector<std::pair<std::uint32_t, std::string>>{{500, "half"}, {1000, "too much"}, {0, ""}, {0, ""}});
  CHECK(report.heartbeats == 1);
  REQUIRE(report.events.size() == 1);
  CHECK(report.events[0].first == "probe.seen");
  CHECK(report.contract_broken.empty());
}

TEST_CASE("text is repaired exactly where it is not UTF-8") {
  CHECK(valid_utf8("plain") == "plain");
  CHECK(valid_utf8("\xC3\xA4") == "\xC3\xA4");
  const std::string mark = "\xEF\xBF\xBD";
  CHECK(valid_utf8("\xC3") == mark);                                   // cut off
  CHECK(valid_utf8("\xC0\xAF") == mark + mark);                        // too long a form
  CHECK(valid_utf8("\xED\xA0\x80") == mark + mark + mark);             // half a surrogate pair
  CHECK(valid_utf8("\xF4\x90\x80\x80") == mark + mark + mark + mark);  // beyond Unicode
  CHECK(valid_utf8(std::string_view("a\0b", 3)) == "a" + mark + "b");
}

TEST_CASE("a secret the host has is handed out, one it has not ends the step by name") {
  auto host = FakeHost::of<probe::Engine>();
  const Report without = probe::run(host, [](Context& c) {
    CHECK_FALSE(c.find_secret("password").has_value());
    static_cast<void>(c.secret("password"));
    return done();
  });
  CHECK(without.outcome == TENANTRY_FAILED);
  CHECK(without.code == "engine.missing_secret");
  CHECK(without.detail.at("secret") == "password");

  host.secrets["password"] = "hunter2";
  std::string seen;
  const Report with = probe::run(host, [&](Context& c) {
    seen = c.secret("password");
    return done();
  });
  CHECK(with.outcome == TENANTRY_DONE);
  CHECK(seen == "hunter2");
  CHECK(with.secrets_asked == std::vector<std::string>{"password"});

  host.secrets["other"] = "x";
  const Report undeclared = probe::run(host, [](Context& c) {
    static_cast<void>(c.secret("other"));
    return done();
  });
  CHECK(undeclared.outcome == TENANTRY_FAILED);
  CHECK(undeclared.contract_broken.size() == 1);
}

TEST_CASE("a step may seal a secret, unless the host refuses or cannot") {
  auto host = FakeHost::of<probe::Engine>();
  const auto put = [&] {
    bool stored = false;
    static_cast<void>(probe::run(host, [&](Context& c) {
      stored = c.put_secret("api_key", "k-1");
      return done();
    }));
    return stored;
  };
  CHECK(put());
  CHECK(host.secrets.at("api_key") == "k-1");
  host.secrets.clear();
  host.refuse_secrets = true;
  CHECK_FALSE(put());
  host.refuse_secrets = false;
  host.has_secret_store = false;
  CHECK_FALSE(put());
  CHECK(host.secrets.empty());
}

TEST_CASE("a checkpoint comes back in the next attempt and to undo, and is gone after success") {
  auto host = FakeHost::of<probe::Engine>();
  const auto first = probe::run(host, [](Context& c) -> Result<Nothing> {
    CHECK_FALSE(c.checkpoint<Mark>().has_value());
    c.save(Mark{7});
    CHECK(c.checkpoint<Mark>()->at == 7);
    return retry("probe.again", "again");
  });
  CHECK(first.checkpoints == std::vector<std::string>{R"({"at":7})"});
  std::int64_t seen = 0;
  probe::Engine::body = [&](Context& c) {
    seen = c.checkpoint<Mark>()->at;
    return done();
  };
  static_cast<void>(host.undo("act"));
  CHECK(seen == 7);
  seen = 0;
  static_cast<void>(host.run("act"));
  CHECK(seen == 7);
  CHECK(host.checkpoints.empty());
}

TEST_CASE("a step stops at once when a checkpoint is refused") {
  auto host = FakeHost::of<probe::Engine>();
  host.refuse_checkpoints = true;
  bool went_on = false;
  const Report report = probe::run(host, [&](Context& c) {
    c.save(Mark{1});
    went_on = true;
    return done();
  });
  CHECK(report.outcome == TENANTRY_CANCELLED);
  CHECK_FALSE(went_on);
}

TEST_CASE("a checkpoint in a form of its own is refused, not misread") {
  auto host = FakeHost::of<probe::Engine>();
  for (const char* bytes : {"not json", "[]", R"({"at":"seven"})"}) {
    CAPTURE(bytes);
    host.checkpoints["act"] = bytes;
    const Report report = probe::run(host, [](Context& c) {
      static_cast<void>(c.checkpoint<Mark>());
      return done();
    });
    CHECK(report.outcome == TENANTRY_FAILED);
    CHECK(report.message.find("/checkpoint") == 0);
  }
}

TEST_CASE("a step that is cancelled before it starts does nothing") {
  auto host = FakeHost::of<probe::Engine>();
  host.cancel();
  bool began = false;
  const Report report = probe::run(host, [&](Context&) {
    began = true;
    return done();
  });
  CHECK(report.outcome == TENANTRY_CANCELLED);
  CHECK_FALSE(began);
  host.allow();
  CHECK(probe::run(host, [](Context&) { return done(); }).outcome == TENANTRY_DONE);
}

TEST_CASE("sleeping ends early when the step is cancelled or its time is over") {
  auto host = FakeHost::of<probe::Engine>();
  int naps = 0;
  const auto nap_until_woken = [&](Context& c) -> Result<Nothing> {
    while (c.sleep(1h)) ++naps;
    CHECK(c.is_cancelled());
    return cancelled();
  };
  host.on_sleep = [&] {
    if (naps == 3) host.cancel();
  };
  CHECK(probe::run(host, nap_until_woken).slept == 3h);
  host.allow();
  host.on_sleep = nullptr;
  host.time_limit = 150min;
  naps = 0;
  static_cast<void>(probe::run(host, nap_until_woken));
  CHECK(naps == 2);
}

TEST_CASE("the time left is told, and there may be no limit") {
  auto host = FakeHost::of<probe::Engine>();
  Milliseconds left{0};
  const auto look = [&](Context& c) {
    left = c.remaining();
    return done();
  };
  static_cast<void>(probe::run(host, look));
  CHECK(left == Milliseconds::max());
  host.time_limit = 1h;
  static_cast<void>(probe::run(host, look));
  CHECK(left <= 1h);
  CHECK(left > 59min);
  host.time_limit = 0ms;
  CHECK(probe::run(host, look).outcome == TENANTRY_CANCELLED);
}

TEST_CASE("an ending that is refined step by step keeps its code and message") {
  tenantry::Ending ending = tenantry::failed("demo.refused", "not allowed");
  ending = std::move(ending).detail("object", "Item X");
  ending = std::move(ending).next_action("Allow it.");
  ending = std::move(ending).at("/request/items/0");
  CHECK(ending.code() == "demo.refused");
  CHECK(ending.message() == "not allowed");
  CHECK(ending.detail().size() == 3);
}
