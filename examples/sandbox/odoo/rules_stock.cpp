#include <algorithm>
#include <array>

#include "sandbox/odoo/rules.hpp"

namespace tenantry::sandbox::odoo {

namespace {

Id put(Env& env, const std::string& model, json::object values) {
  const Id id = env.transaction.next_id(model);
  values["create_uid"] = env.user;
  values["create_date"] = utc_now();
  env.transaction.put(model, id, std::move(values));
  env.transaction.note(model, id, "created");
  return id;
}

std::string complete_name(const Env& env, Id id) {
  const auto& database = env.database();
  const std::string name = text_of(database.get("stock.location", id, "name"));
  const Id above = int_of(database.get("stock.location", id, "location_id"));
  if (above == 0 || text_of(database.get("stock.location", id, "usage")) == "view") return name;
  return complete_name(env, above) + "/" + name;
}

Id make_picking_type(Env& env, Id warehouse, const char* name, const char* code, const char* prefix, Id stock) {
  return put(env, "stock.picking.type",
             {{"name", name},
              {"code", code},
              {"sequence_code", prefix},
              {"warehouse_id", warehouse},
              {"company_id", env.database().get("stock.warehouse", warehouse, "company_id")},
              {"active", true},
              {"default_location_src_id", stock}});
}

void furnish_warehouse(Env& env, Id id) {
  auto& database = env.database();
  const json::value company = database.get("stock.warehouse", id, "company_id");
  const Id view = put(env, "stock.location",
                      {{"name", database.get("stock.warehouse", id, "code")},
                       {"usage", "view"},
                       {"location_id", 1},
                       {"company_id", company},
                       {"active", true}});
  json::object values{{"view_location_id", view}};
  Id stock = 0;
  for (const char* name : {"Stock", "Input", "Quality Control", "Output", "Packing Zone"}) {
    const bool first = stock == 0;
    const Id location =
        put(env, "stock.location",
            {{"name", name}, {"usage", "internal"}, {"location_id", view}, {"company_id", company}, {"active", first}});
    if (first) stock = location;
  }
  values["lot_stock_id"] = stock;
  struct Row {
    const char* field;
    const char* name;
    const char* code;
    const char* prefix;
  };
  static constexpr std::array<Row, 8> kTypes{{{"in_type_id", "Receipts", "incoming", "IN"},
                                              {"out_type_id", "Delivery Orders", "outgoing", "OUT"},
                                              {"pack_type_id", "Pack", "internal", "PACK"},
                                              {"pick_type_id", "Pick", "internal", "PICK"},
                                              {"", "Quality Control", "internal", "QC"},
                                              {"", "Storage", "internal", "STOR"},
                                              {"int_type_id", "Internal Transfers", "internal", "INT"},
                                              {"", "Cross Dock", "internal", "XD"}}};
  for (const auto& type : kTypes) {
    const Id made = make_picking_type(env, id, type.name, type.code, type.prefix, stock);
    if (*type.field != '\0') values[type.field] = made;
  }
  if (database.installed("point_of_sale"))
    values["pos_type_id"] = make_picking_type(env, id, "PoS Orders", "outgoing", "POS", stock);
  store(env, "stock.warehouse", id, values);
}

void add_warehouses(std::map<std::string, Rules>& rules) {
  Rules& warehouses = rules["stock.warehouse"];
  const auto shorten = [](json::object& values) {
    // The column has room for five.
    if (const auto* code = values.if_contains("code")) values["code"] = text_of(*code).substr(0, 5);
  };
  warehouses.before_create = [shorten](Env& env, json::object& values) {
    if (!truthy(member(values, "company_id"))) values["company_id"] = env.company();
    if (!truthy(member(values, "code"))) values["code"] = text_of(member(values, "name"));
    shorten(values);
  };
  warehouses.before_write = [shorten](Env& env, const std::vector<Id>& ids, json::object& values) {
    shorten(values);
    if (member(values, "active") != false) return;
    for (const auto& [quant, record] : env.database().table("stock.quant")) {
      const Id location = int_of(member(*record, "location_id"));
      const Id view = int_of(env.database().get("stock.location", location, "location_id"));
      if (float_of(member(*record, "quantity")) != 0)
        for (const Id id : ids)
          if (view != 0 && int_of(env.database().get("stock.warehouse", id, "view_location_id")) == view)
            throw user_error("You can't disable locations " + complete_name(env, location) +
                             " because they still contain products.");
    }
    // Its types of operation go with it, and a till holds on to one, even a till that is archived.
    for (const auto& [till, record] : env.database().table("pos.config")) {
      const Id type = int_of(member(*record, "picking_type_id"));
      const Id warehouse = int_of(env.database().get("stock.picking.type", type, "warehouse_id"));
      if (type != 0 && std::find(ids.begin(), ids.end(), warehouse) != ids.end())
        throw validation("You cannot archive '" + text_of(env.database().get("stock.picking.type", type, "name")) +
                         "' as it is used by POS configuration '" + text_of(member(*record, "name")) + "'.");
    }
  };
  warehouses.after_create = furnish_warehouse;
  warehouses.before_unlink = [](Env& env, const std::vector<Id>& ids) {
    for (const Id id : ids) {
      const Id view = int_of(env.database().get("stock.warehouse", id, "view_location_id"));
      const Table locations = env.database().table("stock.location");
      for (const auto& [quant, record] : env.database().table("stock.quant"))
        if (int_of(env.database().get("stock.location", int_of(member(*record, "location_id")), "location_id")) == view)
          throw constraint(
              "another model requires the record being deleted. If possible, archive it instead.\n\nModel: Quants "
              "(stock.quant)\nConstraint: stock_quant_location_id_fkey\n");
      const Table types = env.database().table("stock.picking.type");
      for (const auto& [type, record] : types) {
        if (int_of(member(*record, "warehouse_id")) != id) continue;
        for (const auto& [config, till] : env.database().table("pos.config"))
          if (int_of(member(*till, "picking_type_id")) == type)
            throw constraint(
                "another model requires the record being deleted. If possible, archive it instead.\n\nModel: Point of "
                "Sale Configuration (pos.config)\nConstraint: pos_config_picking_type_id_fkey\n");
        env.transaction.erase("stock.picking.type", type);
      }
      for (const auto& [location, record] : locations)
        if (location == view || int_of(member(*record, "location_id")) == view)
          env.transaction.erase("stock.location", location);
    }
  };
  rules["stock.location"].compute = [](Env& env, Id id, const std::string& field) -> std::optional<json::value> {
    if (field == "complete_name") return json::value(complete_name(env, id));
    if (field != "warehouse_id") return std::nullopt;
    const Id above = int_of(env.database().get("stock.location", id, "location_id"));
    for (const auto& [warehouse, record] : env.database().table("stock.warehouse"))
      if (int_of(member(*record, "view_location_id")) == above) return json::value(warehouse);
    return json::value();
  };
  rules["stock.picking.type"].name = [](Env& env, Id id) -> std::optional<std::string> {
    const auto& database = env.database();
    return text_of(database.get("stock.warehouse", int_of(database.get("stock.picking.type", id, "warehouse_id")),
                                "name")) +
           ": " + text_of(database.get("stock.picking.type", id, "name"));
  };
  Rules& quants = rules["stock.quant"];
  quants.before_create = [](Env&, json::object& values) {
    if (values.contains("inventory_quantity")) values["inventory_quantity_set"] = true;
  };
  quants.before_write = [](Env&, const std::vector<Id>&, json::object& values) {
    if (values.contains("inventory_quantity")) values["inventory_quantity_set"] = true;
  };
  quants.compute = [](Env& env, Id id, const std::string& field) -> std::optional<json::value> {
    if (field == "available_quantity") return env.database().get("stock.quant", id, "quantity");
    if (field == "company_id")
      return env.database().get("stock.location", int_of(env.database().get("stock.quant", id, "location_id")),
                                "company_id");
    return std::nullopt;
  };
}

}  // namespace

void add_stock_rules(std::map<std::string, Rules>& rules) { add_warehouses(rules); }

void set_up_stock(Env& env) {
  add_groups(env, {{"Inventory / User", "stock.group_stock_user"},
                   {"Inventory / Administrator", "stock.group_stock_manager"},
                   {"Manage Multiple Stock Locations", "stock.group_stock_multi_locations"}});
  const bool old = env.version() < 19;
  const std::pair<const char*, const char*> kShared[]{
      {"Physical Locations", "view"}, {"Vendors", "supplier"},       {"Customers", "customer"},
      {"Partners", "view"},           {"Virtual Locations", "view"}, {"Inter-company transit", "transit"}};
  int left = old ? 6 : 3;
  for (const auto& [name, usage] : kShared)
    if (left-- > 0) put(env, "stock.location", {{"name", name}, {"usage", usage}, {"active", true}});
  create(env, "stock.warehouse",
         {{"name", env.database().get("res.company", 1, "name")}, {"code", "WH"}, {"company_id", 1}});
  const std::pair<const char*, const char*> kOwn[]{{"Inventory adjustment", "inventory"},
                                                   {"Production", "production"},
                                                   {"Scrap", "inventory"},
                                                   {"Transit", "transit"}};
  left = old ? 4 : 3;
  for (const auto& [name, usage] : kOwn)
    if (left-- > 0) put(env, "stock.location", {{"name", name}, {"usage", usage}, {"company_id", 1}, {"active", true}});
}

void set_up_pos(Env& env) {
  add_groups(env, {{"Point of Sale / User", "point_of_sale.group_pos_user"},
                   {"Point of Sale / Administrator", "point_of_sale.group_pos_manager"}});
  const Table warehouses = env.database().table("stock.warehouse");
  for (const auto& [id, record] : warehouses) {
    if (truthy(member(*record, "pos_type_id"))) continue;
    const Id type =
        make_picking_type(env, id, "PoS Orders", "outgoing", "POS", int_of(member(*record, "lot_stock_id")));
    store(env, "stock.warehouse", id, {{"pos_type_id", type}});
  }
  create(env, "product.template",
         {{"name", "Tips"}, {"default_code", "TIPS"}, {"type", "service"}, {"available_in_pos", true}});
  // A contact of the modules' own, never seen again.
  if (env.version() < 19) (void)env.transaction.next_id("res.partner");
}

}  // namespace tenantry::sandbox::odoo
