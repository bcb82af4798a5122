// One database of an Odoo server: who signs in, and calls of models in the codec that goes with that. With a password
// Odoo 18 and older is spoken to by execute_kw over /jsonrpc; Odoo 19 and younger by /json/2 with a bearer key, or,
// before there is a key, by the web client's call_kw in a session.
#pragma once
#include <functional>

#include "wire.hpp"

namespace tenantry::odoo {

inline constexpr int kFirstWithJson2 = 19;

// A method of a model. Arguments have names, because /json/2 knows no others.
struct Call {
  std::string model, method;
  json::object named = {};
  std::optional<json::array> ids = std::nullopt;  // for methods that work on records, even on none
  json::object context = {};
};

// Pure: the positional and the named arguments of execute_kw and call_kw, and the body of /json/2.
struct Positional {
  json::array args;
  json::object kwargs;
};
[[nodiscard]] Positional positional(const Call& call);
[[nodiscard]] json::object body_of(const Call& call);

// Belongs to one call of one step; not for several threads.
class Database {
 public:
  Database(Wire wire, std::string name, int major) : wire_(std::move(wire)), name_(std::move(name)), major_(major) {}

  // The user's id. A wrong password and a database that is not ready answer alike: `odoo.access_denied`.
  Reply sign_in(const std::string& login, std::string_view password);
  // No request: who it is shows with the first call.
  void use_password(std::int64_t user, std::string_view password);
  void use_key(std::int64_t user, std::string_view key, std::string name = "");
  // Called once if the key is not accepted; true: there is another way now, and the call is made again.
  void on_refused_key(std::function<bool(Database&)> renew) { renew_ = std::move(renew); }
  // Makes an API key for the user, whose session this needs; the key is the value. It is not used by itself.
  Reply make_key(const std::string& login, std::string_view password, const std::string& name, std::int64_t days);
  // By their ids; the session goes on. A key that is gone already is `odoo.absent`.
  Reply remove_keys(const std::string& login, std::string_view password, json::array ids);

  Reply call(const Call& call, Milliseconds timeout = std::chrono::seconds(60));
  Reply search_read(const std::string& model, json::array domain, const std::vector<std::string>& fields,
                    bool archived_too = false, Milliseconds timeout = std::chrono::seconds(60));
  Reply count(const std::string& model, json::array domain);
  Reply create(const std::string& model, json::object values, json::object context = {});
  Reply write(const std::string& model, std::int64_t id, json::object values);
  Reply unlink(const std::string& model, std::int64_t id);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] int major() const { return major_; }
  [[nodiscard]] std::int64_t user() const { return user_; }
  // Of the API key that was used last; "": none, or one whose name nobody knows.
  [[nodiscard]] const std::string& key_name() const { return key_name_; }
  [[nodiscard]] Wire& wire() { return wire_; }
  [[nodiscard]] Context& context() const { return wire_.context(); }
  [[nodiscard]] Concern concern(std::string object, std::string expected) const {
    return wire_.concern(std::move(object), std::move(expected));
  }

 private:
  enum class Access { none, password, session, key };
  Reply send(const Call& call, Milliseconds timeout);
  Reply call_kw(const Call& call, Milliseconds timeout);
  // What Odoo asks the password for once more, by a wizard.
  Reply confirmed(Call call, std::string_view password);
  Reply open_session(const std::string& login, std::string_view password);

  Wire wire_;
  std::string name_;
  int major_;
  Access access_ = Access::none;
  std::int64_t user_ = 0;
  std::string word_;  // the password, or the key
  std::string key_name_;
  std::function<bool(Database&)> renew_;
};

}  // namespace tenantry::odoo
