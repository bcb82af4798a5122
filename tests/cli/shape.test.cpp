// The commands there are, and what is said of them: help pages, completion, host/cli/README.md.
#include "cli/shape.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "cli/commands.hpp"
#include "client/answering.hpp"
#include "client/credentials.hpp"
#include "client/output.hpp"
#include "support/temp_dir.hpp"

using namespace tenantry;
using namespace tenantry::cli;
using namespace tenantry::client;

namespace {

CommandShape root() { return shape(HostCommands{}); }

// Each command that does something, by what is typed after `tenantry`.
std::map<std::string, const CommandShape*> commands_of(const CommandShape& from, const std::string& path = {}) {
  std::map<std::string, const CommandShape*> all;
  if (from.commands.empty()) all[path] = &from;
  for (const auto& one : from.commands) all.merge(commands_of(one, path.empty() ? one.name : path + " " + one.name));
  return all;
}

std::set<std::string> names_of(const CommandShape& command) {
  std::set<std::string> names;
  for (const auto& option : command.options)
    for (const auto& name : option.names)
      if (name != "-h" && name != "--help") names.insert(name);
  return names;
}

std::string readme() {
  std::ostringstream text;
  text << std::ifstream(std::string(TENANTRY_ROOT) + "/host/cli/README.md").rdbuf();
  return text.str();
}

// The cells of the rows of the table under a heading.
std::vector<std::vector<std::string>> table_under(const std::string& heading) {
  std::istringstream lines(readme());
  std::vector<std::vector<std::string>> rows;
  bool here = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("## ", 0) == 0) here = line == "## " + heading;
    if (!here || line.rfind("| ", 0) != 0) continue;
    std::vector<std::string> cells;
    std::istringstream parts(line.substr(2));
    for (std::string cell; std::getline(parts, cell, '|');) {
      while (!cell.empty() && cell.back() == ' ') cell.pop_back();
      cells.push_back(cell.substr(std::min(cell.size(), cell.find_first_not_of(' '))));
    }
    rows.push_back(cells);
  }
  REQUIRE(rows.size() > 1);
  rows.erase(rows.begin());
  return rows;
}

// What stands between backquotes.
std::vector<std::string> quoted(const std::string& text) {
  std::vector<std::string> all;
  for (auto at = text.find('`'); at != std::string::npos;) {
    const auto end = text.find('`', at + 1);
    all.push_back(text.substr(at + 1, end - at - 1));
    at = text.find('`', end + 1);
  }
  return all;
}

std::string output_of(const std::string& command, int* code = nullptr) {
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  std::array<char, 4096> bytes{};
  for (std::size_t size = 0; (size = ::fread(bytes.data(), 1, bytes.size(), pipe)) > 0;) out.append(bytes.data(), size);
  const int status = ::pclose(pipe);
  if (code != nullptr) *code = WEXITSTATUS(status);
  return out;
}

// What a shell with the script offers for the last word.
std::string offered(const std::string& words) {
  const test::TempDir folder;
  std::ofstream(folder / "try") << "source <(" TENANTRY_HOST " completion bash)\nCOMP_WORDS=(" << words
                                << ")\nCOMP_CWORD=$((${#COMP_WORDS[@]}-1))\n_tenantry\necho \"${COMPREPLY[*]}\"\n";
  auto text = output_of("bash " + (folder / "try") + " 2>&1");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

TEST_CASE("the page of the command line names every command with every option, and no other") {
  const auto all = root();
  std::map<std::string, std::set<std::string>> documented;
  for (const auto& row : table_under("Commands and options")) {
    REQUIRE(row.size() == 2);
    const auto options = quoted(row[1]);
    documented[quoted(row[0]).at(0)] = {options.begin(), options.end()};
  }
  std::map<std::string, std::set<std::string>> there;
  for (const auto& [path, command] : commands_of(all)) there[path] = names_of(*command);
  for (const auto& [path, names] : there) {
    CAPTURE(path);
    CHECK(documented[path] == names);
  }
  CHECK(documented.size() == there.size());
  // Every one has a document of its own, or says that it has none.
  std::string shapes;
  const auto text = readme();
  for (const auto& [path, command] : commands_of(all)) {
    CAPTURE(path);
    CHECK(text.find("`" + path + "`", text.find("## `-o json`")) != std::string::npos);
  }
}

TEST_CASE("the page of the command line names every exit code") {
  std::set<std::string> documented;
  for (const auto& row : table_under("Exit codes")) documented.insert(row[0]);
  std::set<std::string> there;
  for (const auto code : {kExitOk, kExitError, kExitUsage, kExitFailed, kExitPartial, kExitRefused})
    there.insert(std::to_string(code));
  CHECK(documented == there);
}

TEST_CASE("every help page fits a screen") {
  const std::function<void(const CommandShape&, const std::string&)> look = [&](const CommandShape& command,
                                                                                const std::string& path) {
    CAPTURE(path);
    const auto page = help_page(command, path);
    CHECK(std::count(page.begin(), page.end(), '\n') <= 36);
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      CHECK(columns(line) < 80);
    }
    CHECK(page.find("Usage: " + path) != std::string::npos);
    for (const auto& one : command.commands) {
      CHECK(page.find("\n  " + one.name + " ") != std::string::npos);
      look(one, path + " " + one.name);
    }
    for (const auto& name : names_of(command)) CHECK(page.find(name) != std::string::npos);
    CHECK_FALSE(command.text.empty());
  };
  look(root(), "tenantry");
  int code = -1;
  CHECK(output_of(TENANTRY_HOST " tenants create --help", &code).find("Usage: tenantry tenants create --name") !=
        std::string::npos);
  CHECK(code == kExitOk);
}

TEST_CASE("bash completes commands, options, and values that are one of a few") {
  CHECK(offered("tenantry te") == "tenants");
  CHECK(offered("tenantry tenants \"\"") == "create list show delete");
  CHECK(offered("tenantry tenants create --adm") == "--admin-email --admin-name");
  CHECK(offered("tenantry -o \"\"") == "table json");
  CHECK(offered("tenantry status --output j") == "json");
  CHECK(offered("tenantry completion \"\"") == "bash zsh fish");
  // What an option is given is no command, and a tenant may be called like one.
  CHECK(offered("tenantry --url tenants engines ch") == "check");
  CHECK(offered("tenantry start start --pre") == "--preview");
  CHECK(offered("tenantry start --set tenants --w") == "--wait");
  CHECK(offered("tenantry serve --config " TENANTRY_ROOT "/CMakePre") == TENANTRY_ROOT "/CMakePresets.json");
  CHECK(offered("tenantry fly ") == "");
}

TEST_CASE("every command and option is in the script of every shell, which that shell understands") {
  const auto all = root();
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    CAPTURE(shell);
    const auto script = completion_script(all, shell);
    for (const auto& [path, command] : commands_of(all)) {
      CAPTURE(path);
      CHECK(script.find(path.substr(path.rfind(' ') + 1)) != std::string::npos);
      for (const auto& option : command->options)
        for (const auto& name : option.names)
          if (!option.is_argument)
            CHECK(script.find(shell == "fish" && name.size() > 2 ? "-l " + name.substr(2) : name.substr(1)) !=
                  std::string::npos);
    }
    int code = 0;
    const test::TempDir folder;
    std::ofstream(folder / "script") << script;
    (void)output_of(
        "if command -v " + shell + " >/dev/null; then " + shell + " -n " + (folder / "script") + "; fi 2>&1", &code);
    CHECK(code == 0);
  }
}

TEST_CASE("as JSON every command says what the host answered, in one line and nothing else") {
  const test::TempDir home;
  Answering host;
  REQUIRE(Credentials(home.path() / "tenantry" / "credentials.json").store(host.url(), "tok").has_value());
  const std::string tenant = R"({"id":"ten_1","name":"Acme"})";
  const std::string answer = R"({"status":"COMPLETED","steps":[],"operation":"op_1","later":{"member":[1,2.5,null]}})";
  host.on("GET /api/iam/tenants/ten_1", tenant.c_str());
  host.on("GET /api/iam/tenants", ("[" + tenant + "]").c_str());
  host.on("GET /api/engines", R"([{"engine":"hello","later":1}])");
  host.on("GET /api/provisioning/tenants/ten_1/status", answer.c_str());
  host.on("GET /api/provisioning/tenants/ten_1/logs", R"({"logs":[],"later":1})");
  host.on("DELETE /api/iam/tenants/ten_1", answer.c_str());
  host.on("POST /api/provisioning/tenants/ten_1/plan", R"({"steps":[],"later":1})");
  host.on("POST /api/batches", R"({"id":"bat_1","state":"running","total":1,"later":1})");
  std::map<std::string, std::string> expected{
      {"engines list", R"([{"engine":"hello","later":1}])"},
      {"tenants list", "[" + tenant + "]"},
      {"tenants show ten_1", tenant},
      {"tenants delete ten_1", answer},
      {"status ten_1", answer},
      {"watch ten_1", answer},
      {"logs ten_1", R"({"logs":[],"later":1})"},
      {"plan ten_1", R"({"steps":[],"later":1})"},
      {"batch retry --filter all", R"({"id":"bat_1","state":"running","total":1,"later":1})"}};
  for (const auto& [typed, verb] : std::map<std::string, std::string>{{"start ten_1", "start"},
                                                                      {"retry ten_1", "retry"},
                                                                      {"continue ten_1", "continue"},
                                                                      {"skip ten_1 --step a --reason b", "skip-step"},
                                                                      {"rerun ten_1 --step a", "rerun-from"},
                                                                      {"cancel ten_1", "cancel"},
                                                                      {"kill ten_1", "kill"},
                                                                      {"pause ten_1", "pause"},
                                                                      {"resume ten_1", "resume"},
                                                                      {"rollback ten_1", "rollback"},
                                                                      {"verify ten_1", "verify"}}) {
    host.on("POST /api/provisioning/tenants/ten_1/" + verb, answer.c_str(), 202);
    expected[typed] = answer;
  }
  const auto run = "XDG_CONFIG_HOME=" + home.path().string() + " TENANTRY_URL=" + host.url() + " " TENANTRY_HOST " ";
  for (const auto& [typed, wanted] : expected) {
    CAPTURE(typed);
    int code = -1;
    const auto said = output_of(run + typed + " -o json 2>&1", &code);
    CHECK(said == wanted + "\n");
    CHECK(code == kExitOk);
  }
}

TEST_CASE("what is not a terminal gets lines, and nothing that steers one") {
  const test::TempDir home;
  Answering host;
  REQUIRE(Credentials(home.path() / "tenantry" / "credentials.json").store(host.url(), "tok").has_value());
  host.on("GET /api/iam/tenants/ten_1", R"({"id":"ten_1","name":"Acme"})");
  const char* running = R"({"status":"IN_PROGRESS","progress":0,"steps":[{"id":"a","state":"running","attempt":1}]})";
  const char* done =
      R"({"status":"COMPLETED","progress":100,"steps_completed":1,"total_steps":1,"steps":[{"id":"a","state":"completed","attempt":1}]})";
  host.on("GET /api/provisioning/tenants/ten_1/status", running);
  host.on("GET /api/provisioning/tenants/ten_1/status", done);
  int code = -1;
  const auto said = output_of("TERM=xterm XDG_CONFIG_HOME=" + home.path().string() + " TENANTRY_URL=" + host.url() +
                                  " " TENANTRY_HOST " watch ten_1 2>&1 | cat",
                              &code);
  CHECK(said.find('\x1b') == std::string::npos);
  CHECK(said.find('\r') == std::string::npos);
  CHECK(std::count(said.begin(), said.end(), '\n') == 3);
  CHECK(said.find("running") < said.find("completed"));
  CHECK(said.find("COMPLETED  Acme") != std::string::npos);
}
