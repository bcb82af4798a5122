#include "world.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "erpnext/engine.hpp"

namespace world {

namespace http = tenantry::http;
using namespace std::chrono_literals;

Sandbox::Sandbox(std::vector<std::string> arguments) {
  std::vector<std::string> all{TENANTRY_SANDBOX, "--port",    "0", "--site",       "*", "--admin-password",
                               "admin-word",     "--api-key", "K", "--api-secret", "S"};
  all.insert(all.end(), arguments.begin(), arguments.end());
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
  if (pid_ < 0) throw std::runtime_error("the sandbox does not start");
  std::string said;
  for (;;) {
    pollfd waiting{out[0], POLLIN, 0};
    char bytes[256];
    if (poll(&waiting, 1, 20000) <= 0) break;
    const auto count = read(out[0], bytes, sizeof bytes);
    if (count <= 0) break;
    said.append(bytes, static_cast<std::size_t>(count));
    if (said.find('\n') != std::string::npos) break;
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

json::value Sandbox::post(const std::string& path, const json::value& body) {
  const auto outcome = client_.send({.method = "POST",
                                     .url = url_ + path,
                                     .headers = {{"Content-Type", "application/json"}},
                                     .body = json::serialize(body)});
  if (const auto* failure = std::get_if<http::Failure>(&outcome)) throw std::runtime_error(failure->message);
  const auto& response = std::get<http::Response>(outcome);
  if (response.status >= 300) throw std::runtime_error("the sandbox refuses: " + response.body);
  return response.body.empty() ? json::value() : json::parse(response.body);
}

void Sandbox::remove(const std::string& path) {
  const auto outcome = client_.send({.method = "DELETE", .url = url_ + path});
  if (const auto* failure = std::get_if<http::Failure>(&outcome)) throw std::runtime_error(failure->message);
}

http::Response Sandbox::erp(const std::string& method, const std::string& site, const std::string& path,
                            const json::value& body) {
  http::Request request{.method = method,
                        .url = url_ + path,
                        .headers = {{"Host", site}, {"Accept", "application/json"}, {"Authorization", "token K:S"}}};
  if (!body.is_null()) {
    request.headers.push_back({"Content-Type", "application/json"});
    request.body = json::serialize(body);
  }
  const auto outcome = client_.send(request);
  if (const auto* failure = std::get_if<http::Failure>(&outcome)) throw std::runtime_error(failure->message);
  return std::get<http::Response>(outcome);
}

std::vector<json::object> Sandbox::journal(const std::string& site) {
  std::vector<json::object> all;
  const json::value said = get("/__sandbox/journal?limit=100000&site=" + site);
  const json::array& effects = said.is_array() ? said.get_array() : said.as_object().begin()->value().as_array();
  for (const json::value& effect : effects) all.push_back(effect.as_object());
  return all;
}

std::map<std::string, int> Sandbox::created(const std::string& site) {
  std::map<std::string, int> all;
  for (const json::object& effect : journal(site))
    if (effect.at("what").as_string() == "created")
      ++all[std::string(effect.at("doctype").as_string()) + " " + std::string(effect.at("name").as_string())];
  return all;
}

json::object Sandbox::counts(const std::string& site) {
  const json::value state = get("/__sandbox/state?site=" + site);
  return state.at("sites").as_object().at(site).as_object().at("counts").as_object();
}

json::array Sandbox::duplicates(const std::string& site) {
  const json::value state = get("/__sandbox/state?site=" + site);
  return state.at("sites").as_object().at(site).as_object().at("duplicates").as_array();
}

std::int64_t Sandbox::requests(const std::string& site) {
  const json::value load = get("/__sandbox/load");
  const auto* of_site = load.at("sites").as_object().if_contains(site);
  return of_site ? of_site->at("requests").to_number<std::int64_t>() : 0;
}

namespace {

bool is_whole(const std::string& request) {
  static constexpr std::string_view kLength = "\r\nContent-Length: ";
  const auto head = request.find("\r\n\r\n");
  if (head == std::string::npos) return false;
  const auto length = request.find(kLength);
  return length > head || request.size() >= head + 4 + std::stoul(request.substr(length + kLength.size()));
}

}  // namespace

CannedServer::CannedServer(std::vector<std::string> answers)
    : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(listener_, 8) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    throw std::runtime_error("no server");
  url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  thread_ = std::thread([this, answers = std::move(answers)] {
    for (const std::string& answer : answers) {
      const int peer = accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      std::string request;
      char bytes[4096];
      // With all of its body: what is left unread at the close would take the answer with it.
      while (!is_whole(request)) {
        const auto count = read(peer, bytes, sizeof bytes);
        if (count <= 0) break;
        request.append(bytes, static_cast<std::size_t>(count));
      }
      if (write(peer, answer.data(), answer.size()) < 0) request.clear();
      close(peer);
    }
  });
}

CannedServer::~CannedServer() {
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

void place(FakeHost& host, const std::string& url, const TenantOf& tenant, const std::string& site) {
  host.tenant_id = tenant.id;
  host.run_id = "run-of-" + tenant.id;
  host.document["tenant"] = {{"id", tenant.id},
                             {"name", tenant.name},
                             {"country_code", tenant.country},
                             {"admin_name", "Asha Owner"},
                             {"admin_email", "owner@" + tenant.id + ".example"},
                             {"labels", json::object()}};
  host.document["server"] = {{"id", "erp-1"}, {"url", url}, {"settings", {{"site", site}}}};
  host.secrets = {{"server.api_key", "K"}, {"server.api_secret", "S"}, {"tenant.admin_password", "Owner-Pass-2026!"}};
}

Host::Host(const Sandbox& sandbox, const TenantOf& tenant, const std::string& site)
    : FakeHost(tenantry::detail::plugin_table<tenantry::erpnext::Engine>()) {
  place(*this, sandbox.url(), tenant, site);
}
Host::Host() : FakeHost(tenantry::detail::plugin_table<tenantry::erpnext::Engine>()) {}

bool succeeded(const Report& report) { return report.outcome >= TENANTRY_DONE && report.outcome <= TENANTRY_SKIPPED; }

Report settle(FakeHost& host, const std::string& step, int attempts) {
  Report report;
  for (int i = 1; i <= attempts; ++i) {
    host.attempt = static_cast<std::uint32_t>(i);
    report = host.run(step);
    if (report.outcome != TENANTRY_RETRY && report.outcome != TENANTRY_WAIT) break;
  }
  host.attempt = 1;
  return report;
}

std::vector<std::string> steps_of(const FakeHost& host) {
  std::vector<std::string> ids;
  for (const json::value& step : host.manifest().at("steps").as_array()) ids.emplace_back(step.at("id").as_string());
  return ids;
}

Report settle_all(FakeHost& host) {
  Report report;
  for (const std::string& step : steps_of(host)) {
    report = settle(host, step);
    if (!succeeded(report)) break;
  }
  return report;
}

std::map<std::string, int> run_everything(FakeHost& host) {
  std::map<std::string, int> outcomes;
  for (const std::string& step : steps_of(host)) {
    const Report report = settle(host, step);
    outcomes[step] = report.outcome;
    if (!succeeded(report)) break;
  }
  return outcomes;
}

bool roll_back(FakeHost& host, const std::map<std::string, int>& outcomes) {
  const auto steps = steps_of(host);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const auto outcome = outcomes.find(*step);
    if (outcome == outcomes.end() || outcome->second != TENANTRY_DONE) continue;
    const std::string operations = json::serialize(host.step(*step).at("operations"));
    if (operations.find("\"undo\"") == std::string::npos) continue;
    Report report;
    for (int i = 0; i < 8; ++i) {
      report = host.undo(*step);
      if (report.outcome != TENANTRY_RETRY && report.outcome != TENANTRY_WAIT) break;
    }
    if (report.outcome != TENANTRY_DONE) return false;
  }
  return true;
}

std::string words(const Report& report) {
  return std::to_string(report.outcome) + " " + report.code + ": " + report.message + " " +
         json::serialize(report.detail);
}

void run_before(Host& host, const std::string& last) {
  for (const std::string& step : steps_of(host)) {
    if (step == last) return;
    const Report report = settle(host, step);
    if (!succeeded(report)) throw std::runtime_error(step + " " + words(report));
  }
}

int count(Sandbox& sandbox, const std::string& doctype, const std::string& site) {
  const auto counts = sandbox.counts(site);
  const auto* found = counts.if_contains(doctype);
  return found ? static_cast<int>(found->as_int64()) : 0;
}

json::object document(Sandbox& sandbox, const std::string& site, const std::string& doctype, const std::string& name) {
  const auto answer =
      sandbox.erp("GET", site, "/api/resource/" + http::percent_encode(doctype) + "/" + http::percent_encode(name));
  if (answer.status != 200) return {};
  return json::parse(answer.body).at("data").as_object();
}

json::object post(Sandbox& sandbox, const std::string& site, const std::string& doctype, const json::object& fields) {
  const auto answer = sandbox.erp("POST", site, "/api/resource/" + http::percent_encode(doctype), fields);
  if (answer.status != 200) throw std::runtime_error(answer.body);
  return json::parse(answer.body).at("data").as_object();
}

json::object error_rule(const std::string& method, const std::string& doctype, int status, const std::string& type,
                        const std::string& message) {
  json::object rule{{"method", method},  {"doctype", doctype}, {"times", 1},
                    {"action", "error"}, {"status", status},   {"exc_type", type}};
  if (!message.empty()) rule["message"] = message;
  return rule;
}

}  // namespace world
