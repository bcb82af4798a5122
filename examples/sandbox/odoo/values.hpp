// JSON values seen as Odoo sees them: false stands for nothing, ids are numbers, errors quote Python.
#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace tenantry::sandbox::odoo {

namespace json = boost::json;
using Id = std::int64_t;

[[nodiscard]] bool truthy(const json::value& value);
// The text of a string, "" of anything that is none.
[[nodiscard]] std::string text_of(const json::value& value);
// A number, or 0 of anything that is none.
[[nodiscard]] std::int64_t int_of(const json::value& value);
[[nodiscard]] double float_of(const json::value& value);
// An id or a list of ids; false and null are the empty list. Throws Raised, as Python would, for anything else.
[[nodiscard]] std::vector<Id> ids_of(const json::value& value);
[[nodiscard]] json::array to_array(const std::vector<Id>& ids);
// A member, or null.
[[nodiscard]] const json::value& member(const json::value& object, std::string_view name);
[[nodiscard]] const json::value& member(const json::object& object, std::string_view name);
// The result would outlive it.
const json::value& member(json::value&& object, std::string_view name) = delete;
const json::value& member(json::object&& object, std::string_view name) = delete;
// As Python's repr() writes it.
[[nodiscard]] std::string py_repr(const json::value& value);
// Equal as Python has it: 1 == 1.0, and false is what is not there.
[[nodiscard]] bool same(const json::value& left, const json::value& right);
// "2026-11-23 11:19:52", UTC.
[[nodiscard]] std::string utc_now();

}  // namespace tenantry::sandbox::odoo
