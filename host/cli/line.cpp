#include "cli/line.hpp"

namespace tenantry::cli {
namespace {

namespace json = base::json;

void set(json::object& object, const char* name, const std::string& value) {
  if (!value.empty()) object[name] = value;
}

}  // namespace

client::Format format_of(const Line& line) {
  return line.output == "json" ? client::Format::kJson : client::Format::kTable;
}

HostSetup host_setup(const Line& line) {
  HostSetup setup{line.config_file, {}};
  json::object listen;
  set(listen, "address", line.address);
  if (line.port >= 0) listen["port"] = line.port;
  if (!listen.empty()) setup.overrides["listen"] = listen;
  set(setup.overrides, "data_dir", line.data_dir);
  if (!line.store.empty()) setup.overrides["store"] = json::object{{"url", line.store}};
  if (!line.engine_folders.empty())
    setup.overrides["engines"] = json::object{{"directories", json::value_from(line.engine_folders)}};
  if (!line.log_level.empty()) setup.overrides["log"] = json::object{{"level", line.log_level}};
  return setup;
}

json::object tenant_document(const Line& line, const std::string& password) {
  json::object tenant{{"name", line.name},
                      {"engine", line.engine},
                      {"country_code", line.country},
                      {"admin_email", line.admin_email},
                      {"admin_name", line.admin_name},
                      {"admin_password", password}};
  set(tenant, "server", line.server);
  set(tenant, "category", line.category);
  set(tenant, "description", line.description);
  if (!line.labels.empty()) {
    json::object labels;
    for (const auto& label : line.labels) {
      const auto equals = label.find('=');
      labels[label.substr(0, equals)] = equals == std::string::npos ? "" : label.substr(equals + 1);
    }
    tenant["labels"] = labels;
  }
  return tenant;
}

base::Result<client::Command> command_of(const std::string& verb, const Line& line) {
  client::Command command{verb, {}, line.wait};
  set(command.body, "step", line.step);
  set(command.body, "reason", line.reason);
  if (line.force) command.body["force"] = true;
  if (line.downstream) command.body["include_downstream"] = true;
  if (line.preview) command.body["validate_only"] = true;
  if (line.demo_data) command.body["include_demo_data"] = true;
  if (line.pos_store) command.body["pos_store_enabled"] = true;
  auto wanted = client::parameters(line.settings);
  if (wanted.has_error()) return wanted.error();
  if (!wanted->empty()) command.body["parameters"] = std::move(*wanted);
  return command;
}

client::BatchCommand batch_of(const Line& line) {
  return {line.verb, line.filter, line.reason, line.settings, line.preview, line.wait};
}

}  // namespace tenantry::cli
