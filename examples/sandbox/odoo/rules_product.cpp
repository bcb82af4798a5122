#include <algorithm>
#include <array>

#include "sandbox/odoo/rules.hpp"

namespace tenantry::sandbox::odoo {

namespace {

std::vector<Id> variants_of(const Env& env, Id product) {
  std::vector<Id> ids;
  for (const auto& [id, record] : env.database().table("product.product"))
    if (int_of(member(*record, "product_tmpl_id")) == product) ids.push_back(id);
  return ids;
}

double on_hand(const Env& env, const std::vector<Id>& variants) {
  double sum = 0;
  for (const auto& [id, record] : env.database().table("stock.quant")) {
    const Id location = int_of(member(*record, "location_id"));
    if (std::find(variants.begin(), variants.end(), int_of(member(*record, "product_id"))) != variants.end() &&
        text_of(env.database().get("stock.location", location, "usage")) == "internal")
      sum += float_of(member(*record, "quantity"));
  }
  return sum;
}

// While any till is open, nothing goes that a till could sell.
void check_no_session(const Env& env, const std::vector<Id>& products) {
  const auto& sessions = env.database().table("pos.session");
  const bool open = std::any_of(sessions.begin(), sessions.end(),
                                [](const auto& row) { return text_of(member(*row.second, "state")) != "closed"; });
  for (const Id id : products)
    if (open && truthy(env.database().get("product.template", id, "available_in_pos")))
      throw user_error("To delete a product, make sure all point of sale sessions are closed.");
}

}  // namespace

void add_product_rules(std::map<std::string, Rules>& rules) {
  static constexpr std::array<const char*, 4> kOfVariant{"default_code", "barcode", "standard_price", "active"};
  Rules& templates = rules["product.template"];
  templates.before_create = [](Env& env, json::object& values) {
    if (!env.database().installed("account")) return;
    const auto& company = *env.database().find("res.company", env.company());
    const std::pair<const char*, const char*> kTaxes[]{{"taxes_id", "account_sale_tax_id"},
                                                       {"supplier_taxes_id", "account_purchase_tax_id"}};
    for (const auto& [field, source] : kTaxes)
      if (!values.contains(field) && truthy(member(company, source)))
        values[field] = json::array{json::array{6, 0, json::array{member(company, source)}}};
  };
  templates.after_create = [](Env& env, Id id) {
    if (env.context.contains("create_product_product")) return;
    json::object variant{{"product_tmpl_id", id}};
    for (const char* field : kOfVariant) variant[field] = env.database().get("product.template", id, field);
    create(env, "product.product", variant);
  };
  templates.after_write = [](Env& env, const std::vector<Id>& ids, const json::object& values) {
    json::object shared;
    for (const char* field : kOfVariant)
      if (const auto* value = values.if_contains(field)) shared[field] = truthy(*value) ? *value : json::value();
    if (values.contains("active")) shared["active"] = truthy(values.at("active"));
    for (const Id id : ids)
      for (const Id variant : variants_of(env, id)) store(env, "product.product", variant, shared);
  };
  templates.compute = [](Env& env, Id id, const std::string& field) -> std::optional<json::value> {
    const auto variants = variants_of(env, id);
    if (field == "product_variant_id") return variants.empty() ? json::value() : json::value(variants.front());
    if (field == "product_variant_count") return variants.size();
    if (field == "currency_id") return env.database().get("res.company", env.company(), "currency_id");
    if (field == "qty_available" || field == "virtual_available") return on_hand(env, variants);
    if (field == "cost_method") return "standard";
    if (field == "valuation") return "manual_periodic";
    return std::nullopt;
  };
  templates.before_unlink = check_no_session;
  Rules& products = rules["product.product"];
  products.before_create = [](Env& env, json::object& values) {
    if (!truthy(member(values, "product_tmpl_id"))) env.context["create_product_product"] = true;
  };
  products.after_create = [](Env& env, Id id) {
    env.context.erase("create_product_product");
    json::object shared;
    for (const char* field : kOfVariant) shared[field] = env.database().get("product.product", id, field);
    store(env, "product.template", int_of(env.database().get("product.product", id, "product_tmpl_id")), shared);
  };
  products.after_write = [](Env& env, const std::vector<Id>& ids, const json::object& values) {
    for (const Id id : ids)
      for (const char* field : kOfVariant)
        if (values.contains(field))
          store(env, "product.template", int_of(env.database().get("product.product", id, "product_tmpl_id")),
                {{field, env.database().get("product.product", id, field)}});
  };
  products.compute = [](Env& env, Id id, const std::string& field) -> std::optional<json::value> {
    if (field == "qty_available" || field == "virtual_available" || field == "free_qty") return on_hand(env, {id});
    if (field == "lst_price")
      return env.database().get("product.template",
                                int_of(env.database().get("product.product", id, "product_tmpl_id")), "list_price");
    return std::nullopt;
  };
  products.name = [](Env& env, Id id) -> std::optional<std::string> {
    const auto& database = env.database();
    const std::string code = text_of(database.get("product.product", id, "default_code"));
    const std::string name = text_of(
        database.get("product.template", int_of(database.get("product.product", id, "product_tmpl_id")), "name"));
    return code.empty() ? name : "[" + code + "] " + name;
  };
  templates.name = [](Env& env, Id id) -> std::optional<std::string> {
    const auto& database = env.database();
    const std::string code = text_of(database.get("product.template", id, "default_code"));
    const std::string name = text_of(database.get("product.template", id, "name"));
    return code.empty() ? name : "[" + code + "] " + name;
  };
  rules["product.category"].compute = [](Env& env, Id id, const std::string& field) -> std::optional<json::value> {
    if (field != "complete_name") return std::nullopt;
    std::string path;
    for (Id at = id; at != 0; at = int_of(env.database().get("product.category", at, "parent_id")))
      path = text_of(env.database().get("product.category", at, "name")) + (path.empty() ? "" : " / ") + path;
    return json::value(path);
  };
}

}  // namespace tenantry::sandbox::odoo
