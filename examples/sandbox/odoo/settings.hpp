// How the pretended server is set up, and what of it can be changed while it runs.
#pragma once
#include <chrono>
#include <mutex>
#include <string>

#include "sandbox/odoo/values.hpp"

namespace tenantry::sandbox::odoo {

struct Options {
  int version = 18;  // 18, 19, or 20, which is 19 without the db service
  std::string master_password = "admin";
  bool list_db = true;
  std::string db_filter;    // a regular expression; %h is the host, %d its first label
  double time_scale = 0.0;  // 1: recorded quiet timings; 0: no waiting
  // Of what takes long; negative: as recorded, scaled.
  std::chrono::milliseconds create{-1};
  std::chrono::milliseconds duplicate{-1};
  std::chrono::milliseconds install{-1};
  // What a worker may take before it is killed; 0: as long as it likes.
  std::chrono::milliseconds limit_time_real{0};

  [[nodiscard]] std::chrono::milliseconds scaled(std::chrono::milliseconds recorded) const;
  // By what the request is about: "db.create_database", "res.partner.create".
  [[nodiscard]] std::chrono::milliseconds time_of(const std::string& subject) const;
};

// Thread-safe.
class Settings {
 public:
  explicit Settings(Options options) : options_(std::move(options)) {}

  [[nodiscard]] Options get() const;
  // Takes over the members it knows.
  void change(const json::object& members);
  void set_master_password(const std::string& password);
  [[nodiscard]] json::object to_json() const;

 private:
  mutable std::mutex mutex_;
  Options options_;
};

}  // namespace tenantry::sandbox::odoo
