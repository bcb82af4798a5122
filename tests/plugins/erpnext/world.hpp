// What the engine's tests share: the sandbox as a child process on a free port, and hosts whose tenant lives there.
#pragma once
#include <map>
#include <string>
#include <tenantry/http.hpp>
#include <tenantry/testing/fake_host.hpp>
#include <vector>

namespace world {

namespace json = boost::json;
using tenantry::testing::FakeHost;
using tenantry::testing::Report;

// Ends the child, and only that, when it goes.
class Sandbox {
 public:
  // More arguments of tenantry-sandbox, e.g. {"--site", "b.local:with-company"}; any other site springs into being.
  explicit Sandbox(std::vector<std::string> arguments = {});
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  const std::string& url() const { return url_; }
  json::value get(const std::string& path);
  json::value post(const std::string& path, const json::value& body);
  void remove(const std::string& path);
  void fault(json::object rule) { post("/__sandbox/faults", std::move(rule)); }
  void heal() { remove("/__sandbox/faults"); }

  // A request of the ERP's own interface, as its administrator.
  tenantry::http::Response erp(const std::string& method, const std::string& site, const std::string& path,
                               const json::value& body = nullptr);
  // Effects on a site, in order.
  std::vector<json::object> journal(const std::string& site);
  // How often something was created: counts by "Doctype name".
  std::map<std::string, int> created(const std::string& site);
  // Documents by doctype.
  json::object counts(const std::string& site);
  json::array duplicates(const std::string& site);
  std::int64_t requests(const std::string& site);

 private:
  int pid_ = -1;
  std::string url_;
  tenantry::http::Client client_;
};

struct TenantOf {
  std::string id = "t1";
  std::string name = "Duka Moja Ltd";
  std::string country = "KE";
};

// The engine, with its document filled in for this tenant. `site` is the server's setting; with {tenant} in it every
// tenant has a site of its own.
struct Host : FakeHost {
  explicit Host(const Sandbox& sandbox, const TenantOf& tenant = {}, const std::string& site = "{tenant}.local");
  Host();  // nowhere
};
void place(FakeHost& host, const std::string& url, const TenantOf& tenant, const std::string& site);

// Runs a step as the host would: again after retry and wait, at most so often.
Report settle(FakeHost& host, const std::string& step, int attempts = 8);
// Every step, each settled; the report of the first that does not succeed, or of the last.
Report settle_all(FakeHost& host);
std::vector<std::string> steps_of(const FakeHost& host);
bool succeeded(const Report& report);
// Outcomes by step of a whole run.
std::map<std::string, int> run_everything(FakeHost& host);
// Undoes in reverse what ended done; true if all of it succeeded.
bool roll_back(FakeHost& host, const std::map<std::string, int>& outcomes);

std::string words(const Report& report);

}  // namespace world
