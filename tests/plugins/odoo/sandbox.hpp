// The stand-in for Odoo as a child process on a free port, and tenants that live there.
#pragma once
#include <map>
#include <string>
#include <tenantry/http.hpp>
#include <vector>

#include "scripted.hpp"

namespace scripted {

// Ends the child, and only that, when it goes.
class Sandbox {
 public:
  explicit Sandbox(int major = 18, std::vector<std::string> more = {});
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  const std::string& url() const { return url_; }
  json::value get(const std::string& path);
  void post(const std::string& path, const json::value& body);
  void remove(const std::string& path);
  // How often each kind of record was made in a database.
  std::map<std::string, int> created(const std::string& database);
  std::int64_t requests();
  // Databases of this name, or that begin so.
  bool has(const std::string& database);
  // A model's search_read as the administrator of a database; Odoo 18 only.
  json::array rows(const std::string& database, const std::string& login, const std::string& password,
                   const std::string& model, const json::array& domain, const json::array& fields);
  json::value rpc(const std::string& service, const std::string& method, const json::array& args);

 private:
  int pid_ = -1;
  std::string url_;
  tenantry::http::Client client_;
};

// The engine, with its document filled in for a tenant on this server.
struct Shop : FakeHost {
  explicit Shop(const Sandbox& sandbox, const std::string& tenant = "t1", const json::object& settings = {});
};

std::vector<std::string> steps_of(const FakeHost& host);
// Outcomes by step of a whole run, each step settled.
std::map<std::string, int> run_everything(FakeHost& host);
// Undoes in reverse what ended done; true if all of it succeeded.
bool roll_back(FakeHost& host, const std::map<std::string, int>& outcomes);

}  // namespace scripted
