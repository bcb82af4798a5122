// An ERP sandbox that several installations may share, as one of the ERPs that it can be; each tenant has a site, or a
// database, of its own in it. Nothing here asserts: what goes wrong is thrown, so that it can be used on any thread.
#pragma once
#include <unistd.h>

#include <atomic>
#include <boost/json.hpp>
#include <cctype>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/eventually.hpp"
#include "support/http_client.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace tenantry::system {

namespace json = boost::json;
using tenantry::test::eventually;
using tenantry::test::HttpAnswer;
using tenantry::test::HttpClient;

// Asks again with rests in between, so that waiting for other processes leaves them the processor.
template <class Condition>
[[nodiscard]] bool before(std::chrono::milliseconds limit, Condition condition) {
  return eventually(
      [&] {
        if (condition()) return true;
        ::usleep(10'000);
        return false;
      },
      limit);
}

// An ERP that can be provisioned: its engine, its sandbox, and one step that makes something there.
struct Product {
  std::string title;
  std::string engine;
  std::string file;
  std::vector<std::string> sandbox;
  std::string server;  // the lines of its [[servers]] but for id, engine, url and limits
  std::string step;
  json::object request;  // which of the step's requests makes it, as a rule of the sandbox
  std::string object;    // what is made, as the sandbox calls it
  std::string parameters = "{}";
  std::set<std::string> not_counted = {};  // what may be there more often: made along the way, and used by nobody
  std::string bystander = {};              // a database that belongs to nobody of ours; "": the ERP has no databases
};
inline constexpr const char* kErpKey = "cluster-erp-key";
inline constexpr const char* kErpSecret = "cluster-erp-secret";

[[nodiscard]] inline Product erpnext() {
  return {"ERPNext",
          "erpnext",
          TENANTRY_ERPNEXT,
          {TENANTRY_SANDBOX, "--port", "0", "--site", "*", "--api-key", kErpKey, "--api-secret", kErpSecret},
          "settings = { site = \"{tenant}\" }\n"
          "secrets = { api_key = \"env:ERP_KEY\", api_secret = \"env:ERP_SECRET\" }\n",
          "step_7_customer",
          {{"method", "POST"}, {"doctype", "Customer"}},
          "Customer"};
}

[[nodiscard]] inline Product odoo() {
  return {"Odoo",
          "odoo",
          TENANTRY_ODOO,
          {TENANTRY_SANDBOX, "--erp", "odoo", "--erp-version", "19", "--port", "0", "--master-password", kErpSecret,
           "--database", "bystander:prepared"},
          "secrets = { master_password = \"env:ERP_SECRET\" }\n",
          "step_7_customer",
          {{"doctype", "res.partner.load"}},
          "res.partner",
          R"({"include_demo_data":true})",
          {"res.users.apikeys", "res.users.apikeys.description", "res.users.identitycheck"},
          "bystander"};
}

[[nodiscard]] inline std::vector<Product> products() { return {erpnext(), odoo()}; }

// One ERP for everybody.
class Erp {
 public:
  explicit Erp(Product kind = erpnext())
      : product(std::move(kind)), process_(product.sandbox, {}, folder_ / "sandbox.log") {}
  const Product product;
  [[nodiscard]] std::uint16_t port() const { return process_.port(); }

  json::value control(const std::string& method, const std::string& path, const std::string& body = {}) {
    HttpClient client(process_.port());
    HttpClient::Headers headers;
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    const auto answer = client.request(method, "/__sandbox/" + path, body, headers);
    if (answer.status / 100 != 2) throw std::runtime_error("sandbox: " + path + ": " + answer.body);
    return answer.body.empty() ? json::value() : json::parse(answer.body);
  }
  // A rule for the site of one tenant; its id is returned.
  std::string fault(const std::string& tenant, json::object rule) {
    rule["site"] = site_of(tenant);
    const auto id = "fault-" + std::to_string(++faults_);
    rule["id"] = id;
    (void)control("POST", "faults", json::serialize(rule));
    return id;
  }
  void end_fault(const std::string& id) { (void)control("DELETE", "faults/" + id); }
  [[nodiscard]] int hits(const std::string& id) {
    const auto all = control("GET", "faults");
    const auto& list = all.is_array() ? all.as_array() : all.as_object().begin()->value().as_array();
    for (const auto& rule : list)
      if (json::value_to<std::string>(rule.at("id")) == id) return rule.at("hits").to_number<int>();
    return 0;
  }
  [[nodiscard]] int in_flight(const std::string& tenant) {
    const auto load = control("GET", "load");
    const auto* site = load.at("sites").as_object().if_contains(site_of(tenant));
    return site == nullptr ? 0 : site->at("in_flight").to_number<int>();
  }
  json::array journal(const std::string& tenant) {
    const auto all = control("GET", "journal?limit=100000&site=" + site_of(tenant));
    return all.is_array() ? all.as_array() : all.as_object().begin()->value().as_array();
  }
  // What is in a tenant's site.
  json::object state(const std::string& tenant) {
    const auto all = control("GET", "state?site=" + site_of(tenant));
    const auto* site = all.at("sites").as_object().if_contains(site_of(tenant));
    return site == nullptr ? json::object() : site->as_object();
  }
  // Of all sites, in order.
  json::array journal() { return control("GET", "journal?limit=1000000").as_array(); }
  // Those that exist.
  std::set<std::string> databases() {
    std::set<std::string> names;
    const auto all = control("GET", "databases");
    for (const auto& name : all.as_array()) names.insert(json::value_to<std::string>(name));
    return names;
  }
  // As the engine names it.
  [[nodiscard]] static std::string site_of(const std::string& tenant) {
    std::string site;
    for (const char c : tenant)
      site += std::isalnum(static_cast<unsigned char>(c)) != 0 ? static_cast<char>(std::tolower(c)) : '-';
    return site;
  }

 private:
  test::TempDir folder_;
  std::atomic<int> faults_{0};
  test::Process process_;
};

}  // namespace tenantry::system
