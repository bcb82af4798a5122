#include "sandbox/odoo/methods.hpp"

#include <algorithm>

#include "sandbox/odoo/rules.hpp"

namespace tenantry::sandbox::odoo {

namespace {

const json::value& argument(const Call& call, std::string_view name) {
  static const json::value kNull;
  const auto* value = call.arguments.if_contains(name);
  return value ? *value : kNull;
}

std::vector<std::string> names_of(const json::value& list) {
  std::vector<std::string> names;
  if (list.is_array())
    for (const auto& name : list.get_array()) names.push_back(text_of(name));
  return names;
}

SearchOptions options_of(const Call& call) {
  return {int_of(argument(call, "offset")), int_of(argument(call, "limit")), text_of(argument(call, "order"))};
}

const json::object& object_of(const json::value& value) {
  if (!value.is_object())
    throw python("AttributeError", "'" + std::string(python_type(value)) + "' object has no attribute 'items'");
  return value.get_object();
}

// Counting stock again is counting the same quant.
Id known_quant(const Env& env, const Model& model, const json::object& values) {
  if (model.name != "stock.quant" || !truthy(member(env.context, "inventory_mode"))) return 0;
  for (const auto& [id, record] : env.database().table("stock.quant"))
    if (same(member(*record, "product_id"), member(values, "product_id")) &&
        same(member(*record, "location_id"), member(values, "location_id")))
      return id;
  return 0;
}

Id create_one(Env& env, const Model& model, const json::value& values) {
  const auto& object = object_of(values);
  if (const Id quant = known_quant(env, model, object); quant != 0) {
    write(env, model.name, {quant},
          {{"inventory_quantity", member(object, "inventory_quantity")}, {"inventory_quantity_set", true}});
    return quant;
  }
  return create(env, model.name, object);
}

json::value create_any(Env& env, const Model& model, Call& call) {
  const auto& values = argument(call, "vals_list");
  if (!values.is_array()) return create_one(env, model, values);
  json::array ids;
  for (const auto& one : values.get_array()) ids.push_back(create_one(env, model, one));
  return ids;
}

json::value fields_get(Env& env, const Model& model, Call& call) {
  const auto wanted = names_of(argument(call, "allfields"));
  const auto attributes = names_of(argument(call, "attributes"));
  json::object result;
  for (const auto* each = &model; each;
       each = each->parent_model.empty() ? nullptr : env.schema().find(each->parent_model))
    for (const auto& [name, field] : each->fields) {
      if (!field_of(env, model, name) || result.contains(name)) continue;
      if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), name) == wanted.end()) continue;
      json::object all{{"type", field.kind},         {"string", field.label},    {"required", field.required},
                       {"readonly", field.computed}, {"store", !field.computed}, {"name", name}};
      if (!field.comodel.empty()) all["relation"] = field.comodel;
      if (!field.inverse.empty()) all["relation_field"] = field.inverse;
      if (field.type == Type::kSelection) {
        json::array choices;
        for (const auto& choice : field.choices) {
          const auto* chart = name == "chart_template" ? env.schema().chart(choice) : nullptr;
          choices.push_back(json::array{choice, chart ? chart->label : choice});
        }
        all["selection"] = std::move(choices);
      }
      json::object shown;
      for (const auto& entry : all)
        if (attributes.empty() || std::find(attributes.begin(), attributes.end(), entry.key()) != attributes.end())
          shown[entry.key()] = entry.value();
      result[name] = std::move(shown);
    }
  return result;
}

json::value name_search(Env& env, const Model& model, Call& call) {
  std::string op = text_of(argument(call, "operator"));
  if (op.empty()) op = "ilike";
  json::array domain;
  if (const auto& more = argument(call, env.version() < 19 ? "args" : "domain"); more.is_array())
    domain = more.get_array();
  json::array result;
  const auto limit = argument(call, "limit").is_null() ? 100 : int_of(argument(call, "limit"));
  const std::string wanted = text_of(argument(call, "name"));
  for (const Id id : search(env, model, domain)) {
    const std::string name = display_name(env, model.name, id);
    const auto lower = [](std::string text) {
      for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
      return text;
    };
    const bool hit = op == "=" ? name == wanted : lower(name).find(lower(wanted)) != std::string::npos;
    if (hit && static_cast<std::int64_t>(result.size()) < limit) result.push_back(json::array{id, name});
  }
  return result;
}

json::value archive(Env& env, const Model& model, Call& call, bool active) {
  write(env, model.name, call.ids, {{"active", active}});
  return true;
}

std::map<std::string, Method> generic_methods() {
  std::map<std::string, Method> methods;
  methods["search"] = {false,
                       {{"domain", true}, {"offset"}, {"limit"}, {"order"}},
                       [](Env& env, const Model& model, Call& call) -> json::value {
                         return to_array(search(env, model, argument(call, "domain"), options_of(call)));
                       }};
  methods["search_count"] = {
      false, {{"domain", true}, {"limit"}}, [](Env& env, const Model& model, Call& call) -> json::value {
        return search(env, model, argument(call, "domain"), options_of(call)).size();
      }};
  methods["search_read"] = {false,
                            {{"domain"}, {"fields"}, {"offset"}, {"limit"}, {"order"}},
                            [](Env& env, const Model& model, Call& call) -> json::value {
                              return read(env, model, search(env, model, argument(call, "domain"), options_of(call)),
                                          names_of(argument(call, "fields")));
                            }};
  methods["read"] = {true, {{"fields"}, {"load"}}, [](Env& env, const Model& model, Call& call) -> json::value {
                       return read(env, model, call.ids, names_of(argument(call, "fields")));
                     }};
  methods["create"] = {false, {{"vals_list", true}}, create_any};
  methods["write"] = {true, {{"vals", true}}, [](Env& env, const Model& model, Call& call) -> json::value {
                        write(env, model.name, call.ids, object_of(argument(call, "vals")));
                        return true;
                      }};
  methods["unlink"] = {true, {}, [](Env& env, const Model& model, Call& call) -> json::value {
                         unlink(env, model.name, call.ids);
                         return true;
                       }};
  methods["exists"] = {true, {}, [](Env& env, const Model& model, Call& call) -> json::value {
                         std::erase_if(call.ids, [&](Id id) { return !exists(env, model.name, id); });
                         return to_array(call.ids);
                       }};
  methods["load"] = {
      false, {{"fields", true}, {"data", true}}, [](Env& env, const Model& model, Call& call) -> json::value {
        return load_rows(env, model, argument(call, "fields"), argument(call, "data"));
      }};
  methods["fields_get"] = {false, {{"allfields"}, {"attributes"}}, fields_get};
  methods["name_search"] = {false, {{"name"}, {"args"}, {"operator"}, {"limit"}, {"domain"}}, name_search};
  methods["default_get"] = {
      false, {{"fields_list", true}}, [](Env& env, const Model& model, Call& call) -> json::value {
        json::object result;
        for (const auto& name : names_of(argument(call, "fields_list")))
          if (const Field* field = field_of(env, model, name); field && !field->fallback.is_null())
            result[name] = field->fallback;
        return result;
      }};
  methods["check_access_rights"] = {
      false, {{"operation", true}, {"raise_exception"}}, [](Env& env, const Model&, Call& call) -> json::value {
        return env.is_admin() || argument(call, "operation") == "read";
      }};
  methods["action_archive"] = {
      true, {}, [](Env& env, const Model& model, Call& call) { return archive(env, model, call, false); }};
  methods["action_unarchive"] = {
      true, {}, [](Env& env, const Model& model, Call& call) { return archive(env, model, call, true); }};
  return methods;
}

const std::map<std::string, std::map<std::string, Method>>& all_methods() {
  static const auto kMethods = [] {
    std::map<std::string, std::map<std::string, Method>> methods;
    methods["*"] = generic_methods();
    add_methods(methods);
    return methods;
  }();
  return kMethods;
}

std::string missing_argument(const Model& model, const std::string& name, const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i)
    list += (i == 0 ? "'" : i + 1 == names.size() ? " and '" : ", '") + names[i] + "'";
  return model.class_name + "." + name + "() missing " + std::to_string(names.size()) +
         " required positional argument" + (names.size() == 1 ? "" : "s") + ": " + list;
}

}  // namespace

const Method& method_of(const Model& model, const std::string& name, bool named) {
  if (name.starts_with("_"))
    throw access_error("Private methods (such as '" + model.name + "." + name + "') cannot be called remotely.");
  const auto& methods = all_methods();
  for (const auto& owner : {model.name, std::string("*")}) {
    const auto own = methods.find(owner);
    if (own == methods.end()) continue;
    if (const auto found = own->second.find(name); found != own->second.end()) return found->second;
  }
  const std::string text = "The method '" + model.name + "." + name + "' does not exist";
  if (named) throw werkzeug("NotFound", 404, text);
  throw python("AttributeError", text);
}

Call bind_positional(const Model& model, const std::string& name, const Method& method, const json::value& arguments,
                     const json::value& named) {
  Call call{model.name, name, {}, {}, {}};
  json::array positional = arguments.is_array() ? arguments.get_array() : json::array{};
  if (named.is_object()) call.arguments = named.get_object();
  if (const auto* context = call.arguments.if_contains("context")) {
    if (context->is_object()) call.context = context->get_object();
    call.arguments.erase("context");
  }
  std::size_t at = 0;
  if (method.on_records) {
    if (positional.empty()) throw python("IndexError", "list index out of range");
    // A text in place of the ids is no records; that there is an argument too few is noticed first.
    const std::size_t given = positional.size() - 1;
    std::vector<std::string> lacking;
    for (std::size_t i = given; i < method.parameters.size(); ++i)
      if (method.parameters[i].required && !call.arguments.contains(method.parameters[i].name))
        lacking.push_back(method.parameters[i].name);
    if (!lacking.empty()) throw python("TypeError", missing_argument(model, name, lacking));
    call.ids = ids_of(positional[at++]);
  }
  for (const auto& parameter : method.parameters) {
    if (at < positional.size()) call.arguments[parameter.name] = positional[at++];
  }
  if (at < positional.size())
    throw python("TypeError", model.class_name + "." + name + "() takes " + std::to_string(at + 1) +
                                  " positional arguments but " + std::to_string(positional.size() + 1) + " were given");
  std::vector<std::string> lacking;
  for (const auto& parameter : method.parameters)
    if (parameter.required && !call.arguments.contains(parameter.name)) lacking.push_back(parameter.name);
  if (!lacking.empty()) throw python("TypeError", missing_argument(model, name, lacking));
  return call;
}

Call bind_named(const Model& model, const std::string& name, const Method& method, const json::value& body) {
  Call call{model.name, name, {}, {}, {}};
  if (!body.is_object()) throw werkzeug("UnprocessableEntity", 422, "the body is no object");
  for (const auto& parameter : method.parameters)
    if (parameter.required && !body.get_object().contains(parameter.name))
      throw werkzeug("UnprocessableEntity", 422, "missing a required argument: '" + parameter.name + "'");
  for (const auto& entry : body.get_object()) {
    if (entry.key() == "ids" && method.on_records) {
      call.ids = ids_of(entry.value());
    } else if (entry.key() == "context") {
      if (entry.value().is_object()) call.context = entry.value().get_object();
    } else if (std::any_of(method.parameters.begin(), method.parameters.end(),
                           [&](const Parameter& parameter) { return parameter.name == entry.key(); })) {
      call.arguments[entry.key()] = entry.value();
    } else {
      throw werkzeug("UnprocessableEntity", 422,
                     "got an unexpected keyword argument '" + std::string(entry.key()) + "'");
    }
  }
  return call;
}

}  // namespace tenantry::sandbox::odoo
