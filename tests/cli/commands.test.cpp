#include "cli/commands.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "client/answering.hpp"
#include "client/credentials.hpp"
#include "client/verbs.hpp"
#include "support/temp_dir.hpp"

using namespace tenantry;
using namespace tenantry::cli;
using namespace tenantry::client;
namespace json = base::json;

namespace {

class Captured {
 public:
  explicit Captured(std::ostream& stream) : stream_(stream), before_(stream.rdbuf(text_.rdbuf())) {}
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;
  ~Captured() { stream_.rdbuf(before_); }
  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::ostream& stream_;
  std::ostringstream text_;
  std::streambuf* before_;
};

// One person's environment: a home of their own, and a host.
class Person {
 public:
  Person() {
    ::setenv("XDG_CONFIG_HOME", home_.path().c_str(), 1);
    ::setenv("TENANTRY_URL", host.url().c_str(), 1);
    ::unsetenv("TENANTRY_PASSWORD");
    ::unsetenv("TENANTRY_TENANT_PASSWORD");
    ::unsetenv("TENANTRY_ADMIN_PASSWORD");
    commands_.version = "1.2.3";
    commands_.serve = [this](const HostSetup& setup) {
      served = setup;
      return 7;
    };
    commands_.create_admin = [this](const HostSetup&, const AdminAccount& account) {
      admin = account;
      return base::Result<void>();
    };
    commands_.copy_store = [this](const StoreCopy& asked) -> base::Result<std::string> {
      copy = asked;
      if (asked.to == "full")
        return base::Error{base::ErrorKind::kConflict, "store.not_empty", "It is full.", "", {}, {}};
      return std::string("digest  runs  3\n");
    };
    commands_.prune_store = [this](const HostSetup& setup, const StorePrune& asked) -> base::Result<json::object> {
      served = setup;
      prune = asked;
      return json::object{{"events", 120}, {"runs", 3}};
    };
  }

  int run(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "tenantry");
    const Captured captured_out(std::cout);
    const Captured captured_err(std::cerr);
    const int code = cli::run(static_cast<int>(arguments.size()), arguments.data(), commands_);
    out = captured_out.text();
    err = captured_err.text();
    return code;
  }

  void sign_in() const { REQUIRE(credentials().store(host.url(), "tok").has_value()); }
  [[nodiscard]] Credentials credentials() const { return Credentials(home_.path() / "tenantry" / "credentials.json"); }
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(home_ / name) << text;
    return home_ / name;
  }

  Answering host;
  std::string out;
  std::string err;
  std::optional<HostSetup> served;
  std::optional<AdminAccount> admin;
  std::optional<StoreCopy> copy;
  std::optional<StorePrune> prune;

 private:
  test::TempDir home_;
  HostCommands commands_;
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

constexpr const char* kTenant = R"({"id":"ten_1","name":"Acme","engine":"hello","status":"NOT_STARTED","labels":{}})";
constexpr const char* kStarted = R"({"status":"IN_PROGRESS","operation":"op_1"})";
constexpr const char* kDone = R"({"status":"COMPLETED","progress":100,"steps_completed":1,"total_steps":1,"steps":[]})";

}  // namespace

TEST_CASE("a command line that is not understood is exit code 2, and help is 0") {
  Person person;
  CHECK(person.run({}) == kExitUsage);
  CHECK(person.run({"fly"}) == kExitUsage);
  CHECK(person.run({"watch"}) == kExitUsage);
  CHECK(person.run({"status", "ten_1", "-o", "xml"}) == kExitUsage);
  CHECK(person.run({"skip", "ten_1"}) == kExitUsage);
  CHECK(person.run({"--help"}) == kExitOk);
  CHECK(std::count(person.out.begin(), person.out.end(), '\n') <= 36);
  for (const char* word : {"serve", "login", "tenants", "start", "retry", "continue", "skip", "cancel", "watch"})
    CHECK(contains(person.out, word));
  CHECK(person.run({"--version"}) == kExitOk);
  CHECK(person.out == "1.2.3\n");
}

TEST_CASE("serve hands the file and what the command line sets on top of it to the host") {
  Person person;
  CHECK(person.run({"serve", "--config", "host.toml", "--port", "0", "--engines", "a", "--engines", "b", "--data-dir",
                    "/d", "--log-level", "warn"}) == 7);
  REQUIRE(person.served);
  CHECK(person.served->config_file == "host.toml");
  CHECK(
      person.served->overrides ==
      json::parse(R"({"listen":{"port":0},"data_dir":"/d","engines":{"directories":["a","b"]},"log":{"level":"warn"}})")
          .as_object());
  CHECK(person.run({"serve"}) == 7);
  CHECK(person.served->overrides.empty());
}

TEST_CASE("the first account's password comes from the environment or a file, and there is no option for it") {
  Person person;
  ::setenv("TENANTRY_ADMIN_PASSWORD", "from the environment", 1);
  CHECK(person.run({"admin", "create", "--email", "a@b.c", "--name", "A"}) == kExitOk);
  REQUIRE(person.admin);
  CHECK(person.admin->password == "from the environment");
  CHECK_FALSE(contains(person.out + person.err, "from the environment"));
  ::unsetenv("TENANTRY_ADMIN_PASSWORD");
  const auto file = person.file("password", "from the file\nnot this\n");
  CHECK(person.run({"admin", "create", "--email", "a@b.c", "--name", "A", "--password-file", file.c_str()}) == kExitOk);
  CHECK(person.admin->password == "from the file");
  CHECK(person.run({"admin", "create", "--email", "a@b.c", "--name", "A", "--password", "x"}) == kExitUsage);
}

TEST_CASE("signing in keeps the token where only its owner can read it") {
  Person person;
  person.host.on("POST /api/auth/login", R"({"access_token":"tok-1","expires_at":"2026-01-01T00:00:00.000Z"})");
  ::setenv("TENANTRY_PASSWORD", "pa\"ss", 1);
  CHECK(person.run({"login", "--email", "a@b.c"}) == kExitOk);
  CHECK_FALSE(contains(person.out + person.err, "tok-1"));
  CHECK(json::parse(person.host.asked().at(0).body) == json::parse(R"({"email":"a@b.c","password":"pa\"ss"})"));
  const auto credentials = person.credentials();
  CHECK(credentials.token(person.host.url()) == "tok-1");
  CHECK(credentials.last_url() == person.host.url());
  struct stat info {};
  REQUIRE(::stat(credentials.file().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
  REQUIRE(::stat(credentials.file().parent_path().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0700U);

  person.host.on("GET /api/engines", "[]");
  ::unsetenv("TENANTRY_URL");  // the last host signed in to is meant
  CHECK(person.run({"engines", "list"}) == kExitOk);
  CHECK(person.host.asked().at(1).authorization == "Bearer tok-1");
}

TEST_CASE("tokens of other hosts stay when one is added") {
  test::TempDir home;
  const Credentials credentials(home.path() / "x" / "tenantry" / "credentials.json");
  CHECK(credentials.token("http://a").empty());
  CHECK(credentials.store("http://a", "1").has_value());
  CHECK(credentials.store("http://b", "2").has_value());
  CHECK(credentials.store("http://a", "3").has_value());
  CHECK(credentials.token("http://a") == "3");
  CHECK(credentials.token("http://b") == "2");
  CHECK(credentials.last_url() == "http://a");
  std::ofstream(credentials.file()) << "{broken";
  CHECK(credentials.token("http://a").empty());
  CHECK_FALSE(credentials.last_url());
}

TEST_CASE("without a sign-in nothing is sent, and the way to sign in is named") {
  Person person;
  CHECK(person.run({"tenants", "list"}) == kExitRefused);
  CHECK(contains(person.err, "Next: Sign in with `tenantry login --email YOU --url " + person.host.url() + "`."));
  CHECK(person.host.asked().empty());
}

TEST_CASE("a token that ran out says to sign in again") {
  Person person;
  person.sign_in();
  person.host.on("GET /api/engines", R"({"code":"auth.token","detail":"The token is expired.","next_action":"POST."})",
                 401);
  CHECK(person.run({"engines", "list"}) == kExitRefused);
  CHECK(contains(person.err, "Error: The token is expired. (auth.token)\nNext: Sign in with `tenantry login"));
}

TEST_CASE("a wrong password is a refusal in the host's own words") {
  Person person;
  person.host.on("POST /api/auth/login", R"({"code":"auth.invalid","detail":"Wrong.","next_action":"Check both."})",
                 401);
  ::setenv("TENANTRY_PASSWORD", "x", 1);
  CHECK(person.run({"login", "--email", "a@b.c"}) == kExitRefused);
  CHECK(person.err == "Error: Wrong. (auth.invalid)\nNext: Check both.\n");
  CHECK(person.credentials().token(person.host.url()).empty());
}

TEST_CASE("engines are listed as a table or as the host's JSON") {
  Person person;
  person.sign_in();
  person.host.on("GET /api/engines",
                 R"([{"engine":"hello","version":"1.0.0","state":"active","title":"Hello","steps":[{},{}]}])");
  CHECK(person.run({"engines", "list"}) == kExitOk);
  CHECK(person.out == "ENGINE  VERSION  STATE   STEPS  TITLE\nhello   1.0.0    active  2      Hello\n");
  CHECK(person.run({"-o", "json", "engines", "list"}) == kExitOk);
  CHECK(json::parse(person.out).at(0).at("engine") == "hello");
  CHECK(person.run({"engines", "list", "--refused"}) == kExitOk);
  CHECK(person.host.asked().back().target == "/api/engines?state=refused");
}

TEST_CASE("a tenant is created with what the command line says and a password that is not on it") {
  Person person;
  person.sign_in();
  person.host.on("POST /api/iam/tenants", R"({"message":"","tenant":{"id":"ten_1"}})", 201);
  ::setenv("TENANTRY_TENANT_PASSWORD", "s3cret", 1);
  CHECK(person.run({"tenants", "create", "--name", "Acme", "--engine", "hello", "--country", "KE", "--admin-email",
                    "a@b.c", "--admin-name", "A", "--label", "tier=gold"}) == kExitOk);
  CHECK(contains(person.out, "tenantry start ten_1"));
  CHECK(json::parse(person.host.asked().at(0).body) ==
        json::parse(R"({"name":"Acme","engine":"hello","country_code":"KE","admin_email":"a@b.c","admin_name":"A",
                        "admin_password":"s3cret","labels":{"tier":"gold"}})"));
}

TEST_CASE("filters of a list are sent, percent-encoded") {
  Person person;
  person.sign_in();
  person.host.on("GET /api/iam/tenants", (std::string("[") + kTenant + "]").c_str());
  CHECK(person.run({"tenants", "list", "--status", "FAILED", "--search", "a b", "--limit", "9"}) == kExitOk);
  CHECK(person.host.asked().at(0).target == "/api/iam/tenants?limit=9&q=a%20b&skip=0&status=FAILED");
  CHECK(contains(person.out, "ten_1  Acme  hello   NOT_STARTED"));
}

TEST_CASE("each verb goes to its address with its body") {
  Person person;
  person.sign_in();
  person.host.on("GET /api/iam/tenants/ten_1", kTenant);
  const auto sends = [&](std::vector<const char*> arguments, const std::string& verb, const char* body) {
    const std::string path = "/api/provisioning/tenants/ten_1/" + verb;
    person.host.on("POST " + path, kStarted, 202);
    CHECK(person.run(std::move(arguments)) == kExitOk);
    const auto last = person.host.asked().back();
    CHECK(last.target == path);
    CHECK(json::parse(last.body) == json::parse(body));
    CHECK(contains(person.out, "tenantry watch ten_1"));
  };
  sends({"start", "ten_1"}, "start", "{}");
  sends({"start", "ten_1", "--demo-data", "--set", "language=de", "--set", "users=3"}, "start",
        R"({"include_demo_data":true,"parameters":{"language":"de","users":3}})");
  sends({"retry", "ten_1", "--step", "s"}, "retry", R"({"step":"s"})");
  sends({"continue", "ten_1"}, "continue", "{}");
  sends({"skip", "ten_1", "--step", "s", "--reason", "r", "--force"}, "skip-step",
        R"({"step":"s","reason":"r","force":true})");
  sends({"cancel", "ten_1", "--reason", "r"}, "cancel", R"({"reason":"r"})");
  sends({"rerun", "ten_1", "--step", "s", "--downstream"}, "rerun-from", R"({"step":"s","include_downstream":true})");
  for (const char* verb : {"kill", "pause", "resume", "rollback", "verify"})
    sends({verb, "ten_1", "--reason", "r"}, verb, R"({"reason":"r"})");
  CHECK(person.run({"rerun", "ten_1"}) == kExitUsage);
  CHECK(person.run({"start", "ten_1", "--set", "nothing"}) == kExitUsage);
}

TEST_CASE("a trace has a line for each REST call, without what was in it") {
  Person person;
  person.sign_in();
  person.host.on("GET /api/iam/tenants/ten_1", kTenant);
  person.host.on("POST /api/provisioning/tenants/ten_1/start", kStarted, 202);
  const auto trace = person.file("trace", "before\n");
  CHECK(person.run({"--trace", trace.c_str(), "start", "ten_1"}) == kExitOk);
  std::ostringstream text;
  text << std::ifstream(trace).rdbuf();
  CHECK(text.str() == "before\nGET /api/iam/tenants/ten_1 200\nPOST /api/provisioning/tenants/ten_1/start 202\n");
}

TEST_CASE("a preview says what would run and is not waited for") {
  Person person;
  person.sign_in();
  person.host.on("GET /api/iam/tenants/ten_1", kTenant);
  person.host.on("POST /api/provisioning/tenants/ten_1/retry",
                 R"({"validate_only":true,"scope":{"run":["a","b"],"verify":[],"keep":["c"]}})");
  CHECK(person.run({"retry", "ten_1", "--preview", "--wait"}) == kExitOk);
  CHECK(person.out == "would run     a, b\nwould keep    c\n");
  CHECK(json::parse(person.host.asked().back().body) == json::parse(R"({"validate_only":true})"));
}

TEST_CASE("a rollback's preview names what it would undo and what it would leave") {
  Person person;
  person.sign_in();
  person.host.on("GET /api/iam/tenants/ten_1", kTenant);
  person.host.on(
      "POST /api/provisioning/tenants/ten_1/rollback",
      R"({"validate_only":true,"scope":{"run":[],"verify":[],"undo":["b","a"],"keep":["c"],"left_behind":["d"]}})");
  CHECK(person.run({"rollback", "ten_1", "--preview"}) == kExitOk);
  CHECK(person.out == "would undo    b, a\nwould keep    c\nwould leave   d\n");
}

TEST_CASE("a plan is a table of steps, and deleting a tenant is DELETE with a reason") {
  Person person;
  person.sign_in();
  person.host.on("GET /api/iam/tenants/ten_1", kTenant);
  person.host.on("POST /api/provisioning/tenants/ten_1/plan",
                 R"({"steps":[{"id":"a","would":"would_create","reason":null,"actions":[{"verb":"create","what":"x"}]},
                              {"id":"b","would":"cannot_know","reason":"No PLAN.","actions":[]}]})");
  CHECK(person.run({"plan", "ten_1", "--set", "users=3"}) == kExitOk);
  CHECK(json::parse(person.host.asked().back().body) == json::parse(R"({"parameters":{"users":3}})"));
  CHECK(contains(person.out, "a     would_create  create x"));
  CHECK(contains(person.out, "b     cannot_know   No PLAN."));

  person.host.on("DELETE /api/iam/tenants/ten_1", R"({"removed":true,"operation":null})");
  CHECK(person.run({"tenants", "delete", "ten_1", "--reason", "left"}) == kExitOk);
  CHECK(person.host.asked().back().method == "DELETE");
  CHECK(json::parse(person.host.asked().back().body) == json::parse(R"({"reason":"left"})"));
  CHECK(contains(person.out, "Acme was removed"));
}

TEST_CASE("a command that waits ends with the run's exit code") {
  Person person;
  person.sign_in();
  person.host.on("GET /api/iam/tenants/ten_1", kTenant);
  person.host.on("POST /api/provisioning/tenants/ten_1/start", kStarted, 202);
  person.host.on("GET /api/provisioning/tenants/ten_1/status", R"({"status":"FAILED","steps":[]})");
  CHECK(person.run({"start", "ten_1", "--wait"}) == kExitFailed);
}

TEST_CASE("a refused command shows what is possible instead") {
  Person person;
  person.sign_in();
  person.host.on("GET /api/iam/tenants/ten_1", kTenant);
  person.host.on("POST /api/provisioning/tenants/ten_1/retry",
                 R"({"code":"run.state","detail":"Nothing failed.","next_action":"Wait.","allowed_verbs":["cancel"]})",
                 409);
  CHECK(person.run({"retry", "ten_1"}) == kExitRefused);
  CHECK(person.err == "Error: Nothing failed. (run.state)\nNext: Wait. Possible now: cancel\n");
  CHECK(person.out.empty());
}

TEST_CASE("a tenant may be named by its name, as long as only one has it") {
  Person person;
  person.sign_in();
  person.host.on("GET /api/provisioning/tenants/ten_1/status", kDone);
  SECTION("one") {
    person.host.on("GET /api/iam/tenants", (std::string(R"([{"id":"x","name":"Acme 2"},)") + kTenant + "]").c_str());
    CHECK(person.run({"status", "Acme"}) == kExitOk);
    CHECK(contains(person.out, "COMPLETED  Acme"));
  }
  SECTION("two") {
    person.host.on("GET /api/iam/tenants", (std::string(R"([{"id":"x","name":"Acme"},)") + kTenant + "]").c_str());
    CHECK(person.run({"status", "Acme"}) == kExitUsage);
    CHECK(contains(person.err, "x, ten_1"));
  }
  SECTION("none") {
    person.host.on("GET /api/iam/tenants", "[]");
    CHECK(person.run({"status", "Acme"}) == kExitRefused);
    CHECK(contains(person.err, "tenantry tenants list"));
  }
}

TEST_CASE("logs are a line each, and show errors with their messages") {
  Person person;
  person.sign_in();
  person.host.on("GET /api/iam/tenants/ten_1", kTenant);
  person.host.on("GET /api/provisioning/tenants/ten_1/logs",
                 R"({"logs":[{"at":"T","step":"a","status":"failed","message":"Fix it.","error":"Broken"}]})");
  CHECK(person.run({"logs", "ten_1", "--limit", "3"}) == kExitOk);
  CHECK(person.out == "AT  WHAT    STEP  MESSAGE\nT   failed  a     Broken. Fix it.\n");
  CHECK(person.host.asked().back().target == "/api/provisioning/tenants/ten_1/logs?limit=3");
}

TEST_CASE("an answer of the wrong shape is shown or refused, never a crash") {
  Person person;
  person.sign_in();
  for (const char* body : {"null", "3", "[]", "{}", R"([1,"x",null])", R"({"logs":{}})"}) {
    CAPTURE(body);
    Person other;
    other.sign_in();
    for (const char* path : {"GET /api/iam/tenants", "GET /api/iam/tenants/ten_1", "GET /api/engines",
                             "GET /api/provisioning/tenants//status", "GET /api/provisioning/tenants//logs",
                             "POST /api/iam/tenants", "POST /api/auth/login"})
      other.host.on(path, body);
    ::setenv("TENANTRY_PASSWORD", "x", 1);
    ::setenv("TENANTRY_TENANT_PASSWORD", "x", 1);
    for (const std::vector<const char*>& arguments :
         std::vector<std::vector<const char*>>{{"tenants", "list"},
                                               {"tenants", "show", "ten_1"},
                                               {"engines", "list"},
                                               {"status", "ten_1"},
                                               {"logs", "ten_1"},
                                               {"login", "--email", "a"},
                                               {"tenants", "create", "--name", "A", "--engine", "e", "--country", "KE",
                                                "--admin-email", "a", "--admin-name", "a"}}) {
      other.run(arguments);
      CHECK_FALSE(contains(other.err, "cli.internal"));
    }
  }
}

TEST_CASE("admin copy-store says what was copied, or why nothing was") {
  Person person;
  CHECK(person.run({"admin", "copy-store", "--from", "a.db"}) == kExitUsage);
  CHECK_FALSE(person.copy);
  CHECK(person.run({"admin", "copy-store", "--from", "a.db", "--to", "postgresql:///b"}) == kExitOk);
  REQUIRE(person.copy);
  CHECK(person.copy->from == "a.db");
  CHECK(person.copy->to == "postgresql:///b");
  CHECK(person.out == "digest  runs  3\n");
  CHECK(person.run({"admin", "copy-store", "--from", "a.db", "--to", "full"}) != kExitOk);
  CHECK(person.err.find("It is full.") != std::string::npos);
  CHECK(person.out.empty());
}

TEST_CASE("admin prune passes days and times on, and says what was deleted or would be") {
  Person person;
  CHECK(person.run({"admin", "prune"}) == kExitUsage);
  CHECK(person.err.find("--events-before") != std::string::npos);
  CHECK(person.run({"admin", "prune", "--events-before", "yesterday"}) == kExitUsage);
  CHECK(person.run({"admin", "prune", "--runs-before", "2026-02-30"}) == kExitUsage);
  CHECK_FALSE(person.prune);
  CHECK(person.run({"admin", "prune", "--store", "sqlite:a.db", "--events-before", "2026-01-31"}) == kExitOk);
  REQUIRE(person.prune);
  CHECK(base::format_time(*person.prune->events_before) == "2026-01-31T00:00:00.000Z");
  CHECK_FALSE(person.prune->runs_before);
  CHECK_FALSE(person.prune->dry_run);
  CHECK(person.served->overrides.at("store").at("url") == "sqlite:a.db");
  CHECK(person.out == "120 events deleted\n3 runs deleted\n");
  CHECK(person.run({"admin", "prune", "--runs-before", "2026-01-31T12:00:00+02:00", "--dry-run"}) == kExitOk);
  CHECK(base::format_time(*person.prune->runs_before) == "2026-01-31T10:00:00.000Z");
  CHECK(person.prune->dry_run);
  CHECK(person.out == "120 events would be deleted\n3 runs would be deleted\n");
  CHECK(person.run({"-o", "json", "admin", "prune", "--runs-before", "2026-01-31"}) == kExitOk);
  CHECK(json::parse(person.out).at("events") == 120);
}
