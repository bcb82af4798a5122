// A host whose store is away: it ends in time all the same, and does not begin without it.
#include <sys/wait.h>

#include <array>
#include <cstdio>

#include "checker.hpp"
#include "support/catch.hpp"

using namespace tenantry::system;
using namespace std::chrono_literals;
using tenantry::test::Postgres;

namespace {

using Clock = std::chrono::steady_clock;

// Every process of a server, held still for as long as this lives.
class Frozen {
 public:
  explicit Frozen(pid_t server) : all_{server} {
    ::kill(server, SIGSTOP);
    for (std::size_t i = 0; i < all_.size(); ++i) {
      std::ifstream children("/proc/" + std::to_string(all_[i]) + "/task/" + std::to_string(all_[i]) + "/children");
      for (pid_t child = 0; children >> child;) {
        ::kill(child, SIGSTOP);
        all_.push_back(child);
      }
    }
  }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;
  ~Frozen() {
    for (const auto pid : all_) ::kill(pid, SIGCONT);
  }
  [[nodiscard]] std::size_t processes() const { return all_.size(); }

 private:
  std::vector<pid_t> all_;
};

// A host on a server of its own, whose drain is half a second.
struct Lonely {
  Postgres server;
  std::string database = server.create_database();
  Erp erp;
  Cluster hosts{erp, options()};

  Lonely() {
    auto text = read(hosts.file(0, "tenantry.toml"));
    const std::string drain = "drain_ms = 5000";
    text.replace(text.find(drain), drain.size(), "drain_ms = 500");
    std::ofstream(hosts.file(0, "tenantry.toml")) << text;
  }
  [[nodiscard]] ClusterOptions options() const {
    ClusterOptions options;
    options.database = Database::kPostgres;
    options.url = server.url(database);
    return options;
  }
  static std::string read(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::string log() const { return read(hosts.file(0, "host.log")); }
};

struct Ended {
  int code = 0;
  std::string said;
};

Ended serve(const std::string& config) {
  const std::string command =
      "TENANTRY_KEY=" + std::string(64, 'a') + " " + TENANTRY_HOST + " serve --config " + config + " 2>&1 </dev/null";
  auto* output = ::popen(command.c_str(), "r");
  REQUIRE(output != nullptr);
  Ended ended;
  std::array<char, 512> piece{};
  while (std::fgets(piece.data(), piece.size(), output) != nullptr) ended.said += piece.data();
  const int status = ::pclose(output);
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ended;
}

std::size_t count(const std::string& text, const std::string& words) {
  std::size_t found = 0;
  for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++found;
  return found;
}

constexpr auto* kByForce = "ended without an orderly stop";

}  // namespace

TEST_CASE("a host whose PostgreSQL stands still ends in time, says so in one line, and its runs go on afterwards") {
  Lonely lonely;
  lonely.hosts.start(0);
  lonely.hosts.sign_in();
  const auto tenant = lonely.hosts.create_tenant("Acme");
  (void)lonely.erp.control("POST", "faults", R"({"id":"slow","action":"none","millis":150})");
  lonely.hosts.start_run(tenant);
  const bool busy = GENERATE(true, false);
  CAPTURE(busy);
  if (!busy) REQUIRE(lonely.hosts.reaches(tenant, "COMPLETED"));
  {
    const Frozen frozen(lonely.server.pid());
    CHECK(frozen.processes() > 5);
    const auto before = Clock::now();
    CHECK(lonely.hosts.stop(0) == 1);
    CHECK(Clock::now() - before < 6s);
  }
  INFO(lonely.log());
  CHECK(count(lonely.log(), kByForce) == 1);
  CHECK(count(lonely.log(), "the store, which does not answer") == 1);
  lonely.hosts.start(0);
  CHECK(lonely.hosts.reaches(tenant, "COMPLETED"));
}

TEST_CASE("a host whose PostgreSQL has ended ends in time") {
  Lonely lonely;
  lonely.hosts.start(0);
  lonely.hosts.sign_in();
  const auto tenant = lonely.hosts.create_tenant("Acme");
  (void)lonely.erp.control("POST", "faults", R"({"id":"slow","action":"none","millis":150})");
  lonely.hosts.start_run(tenant);
  lonely.server.stop(GENERATE(false, true));
  const auto before = Clock::now();
  // Whether it was in the middle of a commit decides if it can give up by itself.
  const auto code = lonely.hosts.stop(0);
  CHECK((code == 0 || code == 1));
  CHECK(Clock::now() - before < 6s);
  INFO(lonely.log());
  CHECK(count(lonely.log(), kByForce) == static_cast<std::size_t>(code));
  CHECK(count(lonely.log(), "runs not released") + static_cast<std::size_t>(code) >= 1);
  lonely.server.start();
  lonely.hosts.start(0);
  CHECK(lonely.hosts.reaches(tenant, "COMPLETED"));
}

TEST_CASE("a host whose SQLite file is locked by somebody else ends in time") {
  Erp erp;
  Cluster hosts(erp, {});
  hosts.start(0);
  hosts.sign_in();
  const auto tenant = hosts.create_tenant("Acme");
  hosts.start_run(tenant);
  Records records(hosts.sqlite_file());
  (void)records.rows("begin immediate");
  const auto before = Clock::now();
  const auto code = hosts.stop(0);
  CHECK(Clock::now() - before < 10s);
  CHECK((code == 0 || code == 1));
  const auto log = Lonely::read(hosts.file(0, "host.log"));
  INFO(log);
  CHECK(count(log, kByForce) == static_cast<std::size_t>(code));
  (void)records.rows("rollback");
  hosts.start(0);
  CHECK(hosts.reaches(tenant, "COMPLETED"));
}

TEST_CASE("a host does not begin without its store, and says why in one sentence") {
  Lonely lonely;
  const auto config = lonely.hosts.file(0, "tenantry.toml");
  SECTION("it has ended") {
    lonely.server.stop();
    const auto ended = serve(config);
    INFO(ended.said);
    CHECK(ended.code == 1);
    CHECK(count(ended.said, "tenantry: ") == 1);
    CHECK(count(ended.said, "terminate called") == 0);
  }
  SECTION("it stands still") {
    const Frozen frozen(lonely.server.pid());
    const auto before = Clock::now();
    const auto ended = serve(config);
    INFO(ended.said);
    CHECK(ended.code == 1);
    CHECK(Clock::now() - before < 15s);
    CHECK(count(ended.said, "tenantry: ") == 1);
    CHECK(count(ended.said, "terminate called") == 0);
  }
}
