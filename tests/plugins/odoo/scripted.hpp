// An Odoo server of a few lines, for what a faithful stand-in would never do: its answers are scripted, cut off, late,
// or wrong. It keeps databases with a sign-in, modules, parameters and users, which is all that making a database
// needs.
#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <tenantry/testing/fake_host.hpp>
#include <thread>
#include <vector>

namespace scripted {

namespace json = boost::json;
using tenantry::testing::FakeHost;
using tenantry::testing::Report;

// One request, taken apart: "db.create_database", "common.login", "res.users.write", "GET /web/...".
struct Seen {
  std::string what;
  std::string path, database;
  std::map<std::string, std::string> headers;  // names in small letters
  json::array args;                            // of the db and common services
  json::object named;                          // of a model's method, whatever codec it came in; "ids" among them
};

// What to do instead of the usual; nullopt: the usual.
struct Instead {
  enum class Kind { error, hang_up_before, hang_up_after, text } kind = Kind::error;
  std::string exception, message;
  int status = 200;
  std::string body;
};
using Script = std::function<std::optional<Instead>(const Seen&)>;

struct ApiKey {
  std::int64_t id = 0;
  std::string name, word;
};

struct Base {
  std::string login, password;
  bool complete = true;
  std::map<std::string, std::string> modules{{"stock", "installed"}, {"point_of_sale", "installed"}};
  std::map<std::string, std::string> parameters;
  std::vector<ApiKey> keys;
  int bookings = 0;
};

class Server {
 public:
  explicit Server(int major = 18);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const std::string& url() const { return url_; }
  void script(Script script);
  void heal() { script({}); }
  // Requests so far, in order, and how many of one kind.
  std::vector<Seen> seen();
  int count(const std::string& what);
  // The databases; under the lock while `change` runs.
  void change(const std::function<void(std::map<std::string, Base>&)>& change);
  std::map<std::string, Base> bases();

  std::string version = "18.0-20250421";
  bool list_db = true;
  std::string master = "master-word";

 private:
  struct Answer {
    int status = 200;
    std::string body, type = "application/json";
    std::string location;
    bool hang_up = false;
    std::string cookie;
  };
  struct Raised {
    std::string name, message;
    int status = 500;
  };
  void serve(int peer);
  Answer answer(const std::string& method, const std::string& path, const std::map<std::string, std::string>& headers,
                const std::string& body);
  json::value service(const Seen& seen);
  json::value model(const Seen& seen);
  std::optional<json::value> keys_of(const Seen& seen, Base& base);

  const int major_;
  int listener_ = -1;
  std::string url_;
  std::thread thread_;
  std::mutex mutex_;
  Script script_;
  std::vector<Seen> seen_;
  std::map<std::string, Base> bases_;
  std::int64_t next_ = 1;
  std::map<std::int64_t, std::string> described_;               // names of keys that are to be made
  std::map<std::int64_t, std::pair<bool, json::array>> asked_;  // what waits for a password: make or remove, and ids
};

// The engine, with its document filled in for a tenant on this server.
struct Host : FakeHost {
  explicit Host(const Server& server, const std::string& tenant = "t1", const json::object& settings = {});
};

Report settle(FakeHost& host, const std::string& step, int attempts = 12);
bool succeeded(const Report& report);
std::string words(const Report& report);
// Up to and including step_1_platform_setup; the report of the last step.
Report set_up(FakeHost& host);

}  // namespace scripted
