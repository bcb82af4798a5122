#include "cli/doctor.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "cli/commands.hpp"
#include "client/answering.hpp"
#include "client/client.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

using namespace tenantry;
using namespace tenantry::cli;
using namespace tenantry::client;
namespace fs = std::filesystem;
namespace json = base::json;

namespace {

base::Error error(const char* code, const char* message, const char* next_action = "Do that.") {
  return {base::ErrorKind::kInvalid, code, message, next_action, {}, {}};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A host's configuration and what belongs to it, all of it in order.
struct Place {
  test::TempDir folder;
  Answering erp;
  std::map<std::string, std::string> environment{{"DOCTOR_KEY", "k"}, {"DOCTOR_SECRET", "s"}};
  std::string listen;
  std::string more;
  std::string out;
  int code = -1;

  Place() {
    fs::create_directories(folder.path() / "engines");
    fs::copy(TENANTRY_ERPNEXT, folder.path() / "engines" / "erpnext.so");
  }
  void write() const {
    std::ofstream(folder / "host.toml")
        << "data_dir = \"data\"\n"
        << listen << "[store]\nurl = \"sqlite:data/tenantry.db\"\n[engines]\ndirectories = [\"engines\"]\n"
        << "[[servers]]\nid = \"nairobi\"\nengine = \"erpnext\"\nurl = \"" << erp.url() << "\"\n"
        << "settings = { site = \"{tenant}\" }\nsecrets = { api_key = \"env:DOCTOR_KEY\", api_secret = "
           "\"env:DOCTOR_SECRET\" }\n"
        << more;
  }
  // What doctor says, as JSON.
  json::value examine(std::vector<std::string> options = {}, const char* format = "json") {
    write();
    std::string command = "cd " + folder.path().string() + " && env";
    for (const auto& [name, value] : environment) command += " " + name + "=" + value;
    command += std::string(" ") + TENANTRY_HOST + " doctor --config host.toml -o " + format;
    for (const auto& option : options) command += " " + option;
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    REQUIRE(pipe != nullptr);
    out.clear();
    std::array<char, 4096> bytes{};
    for (std::size_t size = 0; (size = ::fread(bytes.data(), 1, bytes.size(), pipe)) > 0;)
      out.append(bytes.data(), size);
    code = WEXITSTATUS(::pclose(pipe));
    INFO(out);
    if (std::string_view(format) != "json") return {};
    auto parsed = base::parse_json(out);
    REQUIRE(parsed.has_value());
    return *parsed;
  }
  // The finding that is to be put right first; null: all is well.
  json::value first(std::vector<std::string> options = {}) {
    auto told = examine(std::move(options));
    return told.at("first");
  }
  // Makes the store and the key, as a host does.
  void serve_once() {
    write();
    std::vector<std::pair<std::string, std::string>> variables(environment.begin(), environment.end());
    test::Process host({TENANTRY_HOST, "serve", "--config", folder / "host.toml", "--port", "0"}, variables,
                       folder / "host.log");
    CHECK(host.terminate() == 0);
  }
  std::set<std::string> files() const {
    std::set<std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) all.insert(entry.path().string());
    return all;
  }
};

int listening_socket(std::uint16_t& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(socket, 8) == 0);
  REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port = ntohs(address.sin_port);
  return socket;
}

std::uint16_t free_port() {
  std::uint16_t port = 0;
  ::close(listening_socket(port));
  return port;
}

}  // namespace

TEST_CASE("each thing that can be wrong is said in one sentence, with what to do and a command for it") {
  struct Case {
    Finding finding;
    Verdict verdict;
    const char* command;
  };
  FolderSeen folder;
  folder.path = "/var/lib/ten ants";
  FolderSeen is_file = folder;
  is_file.there = is_file.usable = true;
  FolderSeen shut = is_file;
  shut.is_folder = true;
  FolderSeen open = shut;
  open.others = true;
  FolderSeen foreign = shut;
  foreign.owner = "tenantry";
  shut.usable = false;
  StoreSeen old{"/d/t.db", false, true, 3, 7, "", std::nullopt};
  StoreSeen newer{"/d/t.db", false, true, 9, 7, "", error("store.newer", "A newer version wrote it.")};
  StoreSeen away{"postgresql://db/t", true, false, 0, 7, "", error("store.unreachable", "It does not answer.")};
  StoreSeen denied{"postgresql://db/t", true, false, 0, 7, "", error("store.denied", "It refuses the account.")};
  StoreSeen locked{"/d/t.db", false, false, 0, 7, "", error("store.locked", "It is locked.")};
  ServerSeen server{"nairobi", "http://erp", "erpnext", true, {}, {}, 200};
  ServerSeen no_engine = server;
  no_engine.has_engine = false;
  ServerSeen no_secret = server;
  no_secret.secrets = {error("secret.unset", "The variable ERP_KEY, which env:ERP_KEY names, is not set.")};
  ServerSeen settings = server;
  settings.settings = {{"/site", "required, but missing"}};
  ServerSeen silent = server;
  silent.answer = error("cli.unreachable", "http://erp does not answer: Connection refused.");
  ServerSeen ill = server;
  ill.answer = 502;
  const std::vector<Case> cases{
      {judge(ConfigSeen{"/etc/a b.toml", error("config.invalid", "It is not valid.")}), Verdict::kWrong,
       "${EDITOR:-vi} '/etc/a b.toml'"},
      {judge(ConfigSeen{"a.toml", error("config.unreadable", "It cannot be read.")}), Verdict::kWrong, "ls -l a.toml"},
      {judge(folder), Verdict::kWrong, "sudo install -d -m 700 -o \"$USER\" '/var/lib/ten ants'"},
      {judge(is_file), Verdict::kWrong, "ls -ld '/var/lib/ten ants'"},
      {judge(shut), Verdict::kWrong, "sudo chown -R \"$USER\" '/var/lib/ten ants'"},
      {judge(open), Verdict::kWarn, "chmod 700 '/var/lib/ten ants'"},
      {judge(foreign), Verdict::kWarn, "sudo -u tenantry tenantry doctor"},
      {judge(KeySeen{"/d/secret.key", true, error("key.exposed", "Others may read it.", "Run: chmod 600 /d/secret.key"),
                     0}),
       Verdict::kWrong, "chmod 600 /d/secret.key"},
      {judge(KeySeen{"/d/secret.key", true, error("key.invalid", "It is no key."), 0}), Verdict::kWrong,
       "ls -l /d/secret.key"},
      {judge(KeySeen{"", false, error("key.invalid", "It is no key."), 0}), Verdict::kWrong,
       "export TENANTRY_KEY=\"$(openssl rand -hex 32)\""},
      {judge(KeySeen{"/d/secret.key", false, std::nullopt, 3}), Verdict::kWrong,
       "install -m 600 BACKUP/secret.key /d/secret.key"},
      {judge(old), Verdict::kWarn, "sqlite3 /d/t.db '.backup before-upgrade.db'"},
      {judge(newer), Verdict::kWrong, "tenantry --version"},
      {judge(away), Verdict::kWrong, "pg_isready -d postgresql://db/t"},
      {judge(denied), Verdict::kWrong, "psql postgresql://db/t -c 'select version()'"},
      {judge(locked), Verdict::kWrong, "fuser -v /d/t.db"},
      {judge(EngineSeen{"/e/x.so", "", 0, "It is no engine."}), Verdict::kWrong, "tenantry engines check /e/x.so"},
      {judge(EngineSeen{"/e", "", 0, "expected a directory."}), Verdict::kWrong, "ls -ld /e"},
      {judge_no_engines({"/e", "/f"}), Verdict::kWrong, "ls -l /e /f"},
      {judge_no_engines({}), Verdict::kWrong, "tenantry serve --engines /usr/local/lib/tenantry/engines"},
      {judge(no_engine), Verdict::kWrong, "tenantry engines list"},
      {judge(no_secret), Verdict::kWrong, "export ERP_KEY=..."},
      {judge(settings), Verdict::kWrong, ""},
      {judge(silent), Verdict::kWrong, "curl -sS -o /dev/null -w '%{http_code}\\n' http://erp"},
      {judge(ill), Verdict::kWarn, "curl -sS -o /dev/null -w '%{http_code}\\n' http://erp"},
      {judge(WebhookSeen{"ops", error("secret.unset", "The variable HOOK, which env:HOOK names, is not set.")}),
       Verdict::kWrong, "export HOOK=..."},
      {judge(DiskSeen{"/d", 50U << 20U}), Verdict::kWrong, "df -h /d"},
      {judge(DiskSeen{"/d", 500U << 20U}), Verdict::kWarn, "df -h /d"},
      {judge(DiskSeen{"/d", std::nullopt}), Verdict::kWarn, "df -h /d"},
      {judge(PortSeen{"127.0.0.1:4000", 4000, false, true, false, "taken"}), Verdict::kWrong,
       "ss -ltnp 'sport = :4000'"},
      {judge(PortSeen{"10.9.9.9:4000", 4000, false, false, false, "Cannot assign requested address"}), Verdict::kWrong,
       "ip -brief address"}};
  for (const auto& [finding, verdict, command] : cases) {
    CAPTURE(finding.check, finding.message);
    CHECK(finding.verdict == verdict);
    CHECK(finding.command == command);
    CHECK(finding.message.size() > 5);
    CHECK(finding.message.back() == '.');
    CHECK(finding.next_action.size() > 5);
  }
}

TEST_CASE("what is in order needs nothing to be done") {
  FolderSeen absent;
  absent.usable = true;
  FolderSeen there{"/d", true, true, true, false, ""};
  for (const auto& finding :
       {judge(ConfigSeen{}), judge(ConfigSeen{"a.toml", std::nullopt}), judge(absent), judge(there),
        judge(KeySeen{"", false, std::nullopt, 0}), judge(KeySeen{"/k", false, std::nullopt, 0}),
        judge(KeySeen{"/k", true, std::nullopt, 5}), judge(StoreSeen{"/d/t.db", false, false, 0, 7, "", std::nullopt}),
        judge(StoreSeen{"/d/t.db", false, true, 7, 7, "4711", std::nullopt}),
        judge(EngineSeen{"/e/x.so", "x 1.0.0", 1, ""}), judge(ServerSeen{"n", "http://erp", "x", true, {}, {}, 404}),
        judge(WebhookSeen{"ops", std::nullopt}), judge(DiskSeen{"/d", std::uint64_t{5} << 30U}),
        judge(PortSeen{"127.0.0.1:4000", 4000, true, false, false, ""}),
        judge(PortSeen{"127.0.0.1:4000", 4000, false, true, true, ""})}) {
    CAPTURE(finding.check, finding.message);
    CHECK(finding.verdict == Verdict::kOk);
    CHECK(finding.next_action.empty());
    CHECK(finding.command.empty());
  }
}

TEST_CASE("what is wrong comes before what could be better, and what a host needs first before the rest") {
  const auto finding = [](const char* check, Verdict verdict) {
    return Finding{check, "", verdict, "It is so.", "", ""};
  };
  const std::vector<Finding> all{finding("config", Verdict::kOk), finding("data", Verdict::kWarn),
                                 finding("store", Verdict::kWrong), finding("port", Verdict::kWrong)};
  REQUIRE(first_to_fix(all) != nullptr);
  CHECK(first_to_fix(all)->check == "store");
  CHECK(first_to_fix({all[0], all[1]})->check == "data");
  CHECK(first_to_fix({all[0]}) == nullptr);

  std::ostringstream out;
  CHECK(tell(all, Format::kTable, "tenantry serve", out) == kExitFailed);
  CHECK(out.str() ==
        "ok     config   It is so.\nwarn   data     It is so.\nwrong  store    It is so.\nwrong  port     It is so.\n"
        "Fix first: store. It is so.\n");
  out.str("");
  CHECK(tell({all[0], all[1]}, Format::kTable, "tenantry serve", out) == kExitOk);
  CHECK(contains(out.str(), "Nothing is wrong; better, though: data. It is so.\n"));
  out.str("");
  CHECK(tell({all[0]}, Format::kTable, "tenantry serve", out) == kExitOk);
  CHECK(contains(out.str(), "Nothing is wrong.\n  Run: tenantry serve\n"));
}

TEST_CASE("doctor finds nothing wrong where a host can run, and makes nothing") {
  Place place;
  place.listen = "[listen]\nport = " + std::to_string(free_port()) + "\n";
  place.write();
  SECTION("before the first start") {
    const auto before = place.files();
    const auto told = place.examine();
    CHECK(told.at("verdict") == "ok");
    CHECK(told.at("first").is_null());
    CHECK(place.code == kExitOk);
    std::vector<std::string> checks;
    for (const auto& one : told.at("findings").as_array())
      checks.push_back(json::value_to<std::string>(one.at("check")));
    CHECK(checks == std::vector<std::string>{"config", "data", "key", "store", "engine", "server", "disk", "port"});
    CHECK(place.files() == before);
    (void)place.examine({}, "table");
    CHECK(place.code == kExitOk);
    CHECK(contains(place.out, "Nothing is wrong.\n  Run: tenantry serve --config host.toml\n"));
    CHECK(place.files() == before);
  }
  SECTION("after it") {
    place.serve_once();
    const auto before = place.files();
    CHECK(place.first().is_null());
    CHECK(contains(place.out, "is current"));
    CHECK(place.files() == before);
  }
  SECTION("while a host runs, and after its sudden end") {
    std::vector<std::pair<std::string, std::string>> variables(place.environment.begin(), place.environment.end());
    test::Process host({TENANTRY_HOST, "serve", "--config", place.folder / "host.toml"}, variables,
                       place.folder / "host.log");
    const auto before = place.files();
    CHECK(place.first().is_null());
    CHECK(contains(place.out, "process " + std::to_string(host.pid()) + " has it open"));
    CHECK(contains(place.out, "A Tenantry host answers there already."));
    CHECK(place.files() == before);
    host.kill_hard();
    CHECK(place.first().is_null());
    CHECK_FALSE(contains(place.out, "has it open"));
    CHECK(place.files() == before);
  }
}

TEST_CASE("doctor names what is wrong with a real place, one thing at a time") {
  Place place;
  place.listen = "[listen]\nport = " + std::to_string(free_port()) + "\n";
  const auto is = [&](const json::value& first, const char* check, const std::string& message, int code = kExitFailed) {
    INFO(place.out);
    REQUIRE(first.is_object());
    CHECK(first.at("check") == check);
    CHECK(contains(json::value_to<std::string>(first.at("message")), message));
    CHECK(place.code == code);
  };
  SECTION("a member of the configuration that nobody knows") {
    place.more = "[limts]\nsteps = 3\n";
    is(place.first(), "config", "/limts");
  }
  SECTION("a configuration that is not TOML") {
    place.more = "[[";
    is(place.first(), "config", "host.toml:");
  }
  SECTION("a file in the place of the data folder") {
    std::ofstream(place.folder / "data") << "x";
    is(place.first(), "data", "not a folder");
  }
  SECTION("a data folder that is open to others") {
    fs::create_directory(place.folder.path() / "data");
    ::chmod((place.folder / "data").c_str(), 0755);
    is(place.first(), "data", "Others than its owner", kExitOk);
  }
  SECTION("a key that others may read") {
    place.serve_once();
    ::chmod((place.folder / "data/secret.key").c_str(), 0644);
    const auto first = place.first();
    is(first, "key", "others than its owner");
    CHECK(contains(json::value_to<std::string>(first.at("command")), "chmod 600 "));
  }
  SECTION("a key in the environment that is none") {
    place.environment["TENANTRY_KEY"] = "canary-short";
    is(place.first(), "key", "");
    CHECK_FALSE(contains(place.out, "canary-short"));
  }
  SECTION("a store of another program") {
    fs::create_directory(place.folder.path() / "data");
    ::chmod((place.folder / "data").c_str(), 0700);
    std::ofstream(place.folder / "data/tenantry.db") << "this is a text, and a long one at that, but no database";
    is(place.first(), "store", "is not a database");
  }
  SECTION("a database that does not answer") {
    is(place.first({"--store", "postgresql://canary:canary-password@127.0.0.1:1/tenantry"}), "store", "127.0.0.1:1");
    CHECK_FALSE(contains(place.out, "canary-password"));
  }
  SECTION("an engine that is refused") {
    std::ofstream(place.folder / "engines/broken.so") << "not an engine";
    const auto first = place.first();
    is(first, "engine", "broken.so");
    CHECK(contains(json::value_to<std::string>(first.at("command")), "tenantry engines check "));
  }
  SECTION("no engine at all") {
    fs::remove(place.folder.path() / "engines" / "erpnext.so");
    is(place.first(), "engine", "There is no engine");
  }
  SECTION("an engine directory that is not there") {
    fs::remove_all(place.folder.path() / "engines");
    is(place.first(), "engine", "expected a directory with engines");
  }
  SECTION("a secret of a server that is not set") {
    place.environment.erase("DOCTOR_KEY");
    const auto first = place.first();
    is(first, "server", "DOCTOR_KEY");
    CHECK(first.at("command") == "export DOCTOR_KEY=...");
  }
  SECTION("a server whose settings the engine refuses") {
    place.more = "[[servers]]\nid = \"kampala\"\nengine = \"erpnext\"\nurl = \"" + place.erp.url() +
                 "\"\nsettings = { sight = \"x\" }\n";
    const auto first = place.first();
    is(first, "server", "does not accept its settings");
    CHECK(first.at("subject") == "kampala");
  }
  SECTION("a server that nobody is behind") {
    place.more =
        "[[servers]]\nid = \"kampala\"\nengine = \"erpnext\"\nurl = \"http://127.0.0.1:" + std::to_string(free_port()) +
        "\"\nsettings = { site = \"a\" }\n";
    is(place.first(), "server", "does not answer");
  }
  SECTION("a webhook without its signing key") {
    place.more = "[[webhooks]]\nid = \"ops\"\nurl = \"https://example.org/hook\"\nsecret = \"env:NO_SUCH_HOOK\"\n";
    is(place.first(), "webhook", "NO_SUCH_HOOK");
  }
  SECTION("a port that another program has") {
    std::uint16_t port = 0;
    const int other = listening_socket(port);
    place.listen = "[listen]\nport = " + std::to_string(port) + "\n";
    is(place.first(), "port", "Another program listens there");
    ::close(other);
  }
  SECTION("an address that this machine does not have") {
    place.listen = "[listen]\naddress = \"192.0.2.7\"\nport = 4000\n";
    is(place.first(), "port", "cannot listen there");
  }
}

TEST_CASE("doctor says that the key is gone before a host makes another one") {
  Place place;
  place.listen = "[listen]\nport = " + std::to_string(free_port()) + "\n";
  place.environment["TENANTRY_ADMIN_EMAIL"] = "admin@example.org";
  place.environment["TENANTRY_ADMIN_PASSWORD"] = "canary-admin-pass-1";
  place.write();
  {
    std::vector<std::pair<std::string, std::string>> variables(place.environment.begin(), place.environment.end());
    test::Process host({TENANTRY_HOST, "serve", "--config", place.folder / "host.toml"}, variables,
                       place.folder / "host.log");
    Client client("http://127.0.0.1:" + std::to_string(host.port()), "");
    const auto token = client.post("/api/auth/login",
                                   json::object{{"email", "admin@example.org"}, {"password", "canary-admin-pass-1"}});
    REQUIRE(token.has_value());
    Client admin("http://127.0.0.1:" + std::to_string(host.port()),
                 json::value_to<std::string>(token->at("access_token")));
    REQUIRE(admin
                .post("/api/iam/tenants", json::object{{"name", "Acme"},
                                                       {"admin_email", "a@example.org"},
                                                       {"admin_name", "A"},
                                                       {"admin_password", "canary-Tenant-pass-2!"},
                                                       {"country_code", "KE"},
                                                       {"engine", "erpnext"}})
                .has_value());
    CHECK(host.terminate() == 0);
  }
  CHECK(place.first().is_null());
  fs::remove(place.folder.path() / "data" / "secret.key");
  const auto first = place.first();
  REQUIRE(first.is_object());
  CHECK(first.at("check") == "key");
  CHECK(contains(json::value_to<std::string>(first.at("message")), "1 secret"));
  CHECK_FALSE(fs::exists(place.folder.path() / "data" / "secret.key"));
}
