// Search domains in Polish notation: ["|", ["ref", "=", "X"], ["company_id.name", "ilike", "duka"]].
#pragma once
#include <functional>

#include "sandbox/odoo/records.hpp"

namespace tenantry::sandbox::odoo {

class Domain {
 public:
  // Throws as Odoo does if the domain or one of its fields is none.
  Domain(Env& env, const Model& model, const json::value& domain);

  [[nodiscard]] bool matches(Id id) const;
  // True if it speaks of `active`, so that archived records are not left out by themselves.
  [[nodiscard]] bool names_active() const { return names_active_; }

 private:
  struct Leaf {
    std::string field;
    std::string op;
    json::value value;
    bool always = false;  // without a field
  };
  struct Token {
    char connective = 0;  // '&', '|', '!'; 0: a leaf
    Leaf leaf;
  };
  [[nodiscard]] bool evaluate(std::size_t& at, Id id) const;

  Env& env_;
  const Model& model_;
  std::vector<Token> tokens_;
  bool names_active_ = false;
};

}  // namespace tenantry::sandbox::odoo
