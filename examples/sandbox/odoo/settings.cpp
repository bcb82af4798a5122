#include "sandbox/odoo/settings.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace tenantry::sandbox::odoo {

namespace {

using std::chrono::milliseconds;

struct Timing {
  std::string_view subject;
  int millis;
};

constexpr std::array<Timing, 33> kTimings{{{"common.login", 400},
                                           {"common.authenticate", 400},
                                           {"session.authenticate", 470},
                                           {"common.version", 11},
                                           {"web.health", 32},
                                           {"db.create_database", 10000},
                                           {"db.duplicate_database", 1300},
                                           {"db.rename", 390},
                                           {"db.drop", 700},
                                           {"db.list", 18},
                                           {"db.db_exist", 12},
                                           {"ir.module.module.button_immediate_install", 30200},
                                           {"ir.module.module.update_list", 460},
                                           {"res.company.create", 5100},
                                           {"res.company.write", 100},
                                           {"res.users.create", 476},
                                           {"res.users.write", 1400},
                                           {"account.chart.template.try_loading", 770},
                                           {"res.config.settings.create", 100},
                                           {"res.config.settings.execute", 391},
                                           {"stock.warehouse.create", 676},
                                           {"product.template.create", 209},
                                           {"stock.quant.create", 70},
                                           {"stock.quant.action_apply_inventory", 144},
                                           {"res.partner.create", 108},
                                           {"account.journal.create", 141},
                                           {"pos.payment.method.create", 40},
                                           {"pos.config.create", 90},
                                           {"pos.config.open_ui", 241},
                                           {"pos.session.set_opening_control", 281},
                                           {"pos.order.sync_from_ui", 575},
                                           {"pos.session.post_closing_cash_details", 33},
                                           {"pos.session.close_session_from_ui", 1512}}};

}  // namespace

milliseconds Options::scaled(milliseconds recorded) const {
  return milliseconds(static_cast<std::int64_t>(static_cast<double>(recorded.count()) * time_scale));
}

milliseconds Options::time_of(const std::string& subject) const {
  if (subject == "db.create_database" && create.count() >= 0) return create;
  if (subject == "db.duplicate_database" && duplicate.count() >= 0) return duplicate;
  if (subject == "ir.module.module.button_immediate_install" && install.count() >= 0) return install;
  for (const auto& timing : kTimings)
    if (timing.subject == subject) return scaled(milliseconds(timing.millis));
  if (subject.ends_with(".load")) return scaled(milliseconds(113));
  if (subject.ends_with(".create") || subject.ends_with(".write") || subject.ends_with(".unlink"))
    return scaled(milliseconds(60));
  return scaled(milliseconds(20));
}

Options Settings::get() const {
  const std::lock_guard lock(mutex_);
  return options_;
}

void Settings::change(const json::object& members) {
  const std::lock_guard lock(mutex_);
  const auto millis = [](const json::value& value) { return milliseconds(int_of(value)); };
  for (const auto& entry : members) {
    const auto& value = entry.value();
    if (entry.key() == "time_scale") options_.time_scale = float_of(value);
    if (entry.key() == "list_db") options_.list_db = truthy(value);
    if (entry.key() == "master_password") options_.master_password = text_of(value);
    if (entry.key() == "db_filter") options_.db_filter = text_of(value);
    if (entry.key() == "create_millis") options_.create = millis(value);
    if (entry.key() == "duplicate_millis") options_.duplicate = millis(value);
    if (entry.key() == "install_millis") options_.install = millis(value);
    if (entry.key() == "limit_time_real_millis") options_.limit_time_real = millis(value);
  }
}

void Settings::set_master_password(const std::string& password) {
  const std::lock_guard lock(mutex_);
  options_.master_password = password;
}

json::object Settings::to_json() const {
  const std::lock_guard lock(mutex_);
  return {{"version", options_.version},
          {"time_scale", options_.time_scale},
          {"list_db", options_.list_db},
          {"db_filter", options_.db_filter},
          {"create_millis", options_.create.count()},
          {"duplicate_millis", options_.duplicate.count()},
          {"install_millis", options_.install.count()},
          {"limit_time_real_millis", options_.limit_time_real.count()}};
}

}  // namespace tenantry::sandbox::odoo
