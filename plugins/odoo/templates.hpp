// The templates of an Odoo server, as an engine of their own: its "tenant" is the template of one country, made before
// the first shop needs it, made again after an update of Odoo, and dropped when the tenant is.
#pragma once
#include "engine.hpp"

namespace tenantry::odoo {

struct TemplateRequest {
  std::optional<std::string> country_template;

  static void constrain(Schema<TemplateRequest>& s) {
    s.title("Prepare a template database");
    s.member(&TemplateRequest::country_template)
        .title("Country")
        .description("Code or name of the country; the tenant's country by default.")
        .max_length(60);
  }
};
struct Removed {
  std::vector<std::string> databases;
};
BOOST_DESCRIBE_STRUCT(TemplateRequest, (), (country_template))
BOOST_DESCRIBE_STRUCT(Removed, (), (databases))

class TemplateEngine {
 public:
  static constexpr Identity identity{"odoo_templates", "1.0.0", "Odoo templates"};
  using Request = TemplateRequest;
  using Settings = odoo::Settings;
  explicit TemplateEngine(Settings settings) : settings_(std::move(settings)) {}

  static void define(Graph<TemplateEngine>& g);
  Problems validate(Context&, const Request& request);

 private:
  using Asked = const Request&;
  using Who = const Tenant&;
  using Where = const Server&;

  Result<EngineCheck> check(Context&, Asked, Who, Where);
  Verdict verify_check(Context&, Asked, Who, Where, const EngineCheck&);
  Result<Template> prepare(Context&, Asked, Who, Where, const EngineCheck&);
  Verdict verify_prepare(Context&, Asked, Who, Where, const EngineCheck&, const std::optional<Template>&);
  Result<Nothing> undo_prepare(Context&, Asked, Who, Where, const EngineCheck&, const std::optional<Template>&);
  Result<Removed> clear(Context&, Asked, Who, Where, const EngineCheck&, const Template&);
  Verdict verify_clear(Context&, Asked, Who, Where, const EngineCheck&, const Template&, const std::optional<Removed>&);

  Result<Blueprint> blueprint(Context&, Asked, Who, Where) const;
  Wire wire(Context&, Where, const Blueprint&);

  const Settings settings_;
  Clients clients_;
};

}  // namespace tenantry::odoo
