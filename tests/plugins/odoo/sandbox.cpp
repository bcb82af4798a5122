#include "sandbox.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "odoo/engine.hpp"

namespace scripted {

namespace http = tenantry::http;

Sandbox::Sandbox(int major, std::vector<std::string> more) {
  std::vector<std::string> all{TENANTRY_SANDBOX,
                               "--erp",
                               "odoo",
                               "--erp-version",
                               std::to_string(major),
                               "--port",
                               "0",
                               "--master-password",
                               "master-word",
                               "--admin-password",
                               "admin-word"};
  all.insert(all.end(), more.begin(), more.end());
  std::vector<char*> argv;
  argv.reserve(all.size() + 1);
  for (std::string& one : all) argv.push_back(one.data());
  argv.push_back(nullptr);
  int out[2];
  if (pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);  // even if the test crashes, nothing is left running
    dup2(out[1], 1);
    execv(TENANTRY_SANDBOX, argv.data());
    _exit(127);
  }
  close(out[1]);
  std::string said;
  while (said.find('\n') == std::string::npos) {
    pollfd waiting{out[0], POLLIN, 0};
    char bytes[256];
    if (poll(&waiting, 1, 20000) <= 0) break;
    const auto count = read(out[0], bytes, sizeof bytes);
    if (count <= 0) break;
    said.append(bytes, static_cast<std::size_t>(count));
  }
  close(out[0]);
  const std::string before = "listening on ";
  if (!said.starts_with(before)) throw std::runtime_error("the sandbox said: " + said);
  url_ = said.substr(before.size(), said.find('\n') - before.size());
}

Sandbox::~Sandbox() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  int status = 0;
  waitpid(pid_, &status, 0);
}

json::value Sandbox::get(const std::string& path) {
  const auto outcome = client_.send({.url = url_ + path});
  if (const auto* failure = std::get_if<http::Failure>(&outcome)) throw std::runtime_error(failure->message);
  return json::parse(std::get<http::Response>(outcome).body);
}

void Sandbox::post(const std::string& path, const json::value& body) {
  const auto outcome = client_.send({.method = "POST",
                                     .url = url_ + path,
                                     .headers = {{"Content-Type", "application/json"}},
                                     .body = json::serialize(body)});
  if (const auto* failure = std::get_if<http::Failure>(&outcome)) throw std::runtime_error(failure->message);
  const auto& response = std::get<http::Response>(outcome);
  if (response.status >= 300) throw std::runtime_error("the sandbox refuses: " + response.body);
}

void Sandbox::remove(const std::string& path) {
  const auto outcome = client_.send({.method = "DELETE", .url = url_ + path});
  if (const auto* failure = std::get_if<http::Failure>(&outcome)) throw std::runtime_error(failure->message);
}

json::value Sandbox::rpc(const std::string& service, const std::string& method, const json::array& args) {
  const json::object body{{"jsonrpc", "2.0"},
                          {"id", 1},
                          {"method", "call"},
                          {"params", {{"service", service}, {"method", method}, {"args", args}}}};
  const auto outcome = client_.send({.method = "POST",
                                     .url = url_ + "/jsonrpc",
                                     .headers = {{"Content-Type", "application/json"}},
                                     .body = json::serialize(body)});
  if (const auto* failure = std::get_if<http::Failure>(&outcome)) throw std::runtime_error(failure->message);
  const json::object said = json::parse(std::get<http::Response>(outcome).body).as_object();
  if (said.contains("error")) throw std::runtime_error(json::serialize(said.at("error")));
  return said.contains("result") ? said.at("result") : json::value();
}

json::array Sandbox::rows(const std::string& database, const std::string& login, const std::string& password,
                          const std::string& model, const json::array& domain, const json::array& fields) {
  const json::value user = rpc("common", "login", {database, login, password});
  json::array positional;
  positional.emplace_back(domain);  // in braces an array of one array would be the array itself
  return rpc("object", "execute_kw",
             {database, user, password, model, "search_read", std::move(positional), json::object{{"fields", fields}}})
      .as_array();
}

std::map<std::string, int> Sandbox::created(const std::string& database) {
  std::map<std::string, int> all;
  const json::value said = get("/__sandbox/journal?limit=100000&site=" + database);
  const json::array& effects = said.is_array() ? said.get_array() : said.as_object().begin()->value().as_array();
  for (const json::value& effect : effects)
    if (effect.at("what") == "created") ++all[std::string(effect.at("doctype").as_string())];
  return all;
}

std::int64_t Sandbox::requests() { return get("/__sandbox/load").at("requests").to_number<std::int64_t>(); }

bool Sandbox::has(const std::string& database) {
  const json::value state = get("/__sandbox/state?site=" + database);
  return state.at("sites").as_object().contains(database);
}

Shop::Shop(const Sandbox& sandbox, const std::string& tenant, const json::object& settings)
    : FakeHost(tenantry::detail::plugin_table<tenantry::odoo::Engine>()) {
  tenant_id = tenant;
  run_id = "run-of-" + tenant;
  document["request"] = {{"include_demo_data", true}};
  document["tenant"] = {{"id", tenant},
                        {"name", "Duka Moja Ltd"},
                        {"country_code", "KE"},
                        {"admin_name", "Asha Owner"},
                        {"admin_email", "owner@" + tenant + ".example"},
                        {"labels", json::object()}};
  document["server"] = {{"id", "erp-1"}, {"url", sandbox.url()}, {"settings", settings}};
  secrets = {{"server.master_password", "master-word"},
             {"tenant.admin_password", "Owner-Pass-2026!"},
             {"server.admin_password", "admin-word"}};
}

std::vector<std::string> steps_of(const FakeHost& host) {
  std::vector<std::string> ids;
  for (const json::value& step : host.manifest().at("steps").as_array()) ids.emplace_back(step.at("id").as_string());
  return ids;
}

std::map<std::string, int> run_everything(FakeHost& host) {
  std::map<std::string, int> outcomes;
  for (const std::string& step : steps_of(host)) {
    const Report report = settle(host, step);
    if (!succeeded(report)) throw std::runtime_error(step + " " + words(report));
    outcomes[step] = report.outcome;
  }
  return outcomes;
}

bool roll_back(FakeHost& host, const std::map<std::string, int>& outcomes) {
  const auto steps = steps_of(host);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const auto outcome = outcomes.find(*step);
    if (outcome == outcomes.end() || outcome->second != TENANTRY_DONE) continue;
    Report report;
    for (int i = 0; i < 8; ++i) {
      report = host.undo(*step);
      if (report.outcome != TENANTRY_RETRY && report.outcome != TENANTRY_WAIT) break;
    }
    if (report.outcome != TENANTRY_DONE && report.outcome != TENANTRY_UNSUPPORTED)
      throw std::runtime_error("undo " + *step + " " + words(report));
  }
  return true;
}

}  // namespace scripted
