#include "content/module_def.hpp"

#include "base/text.hpp"
#include "content/menu_defs.hpp"

namespace cmdsrv {

json::object GenerateModuleDef(const CatalogModule& module, std::string_view logo, std::string_view date) {
  const double bytes = static_cast<double>(module.size_k) * 1024;
  return OrderMenuDef(
      {{"name", module.moddir},
       {"lang", module.lang},
       {"intended_use", "html"},
       {"moddir", module.moddir},
       {"start_url", ""},
       {"title", module.title},
       {"logo_url", logo.empty() ? "content.jpg" : logo},
       {"description", module.description},
       {"extra_description", ""},
       {"footnote", fmt::format("Size: {}, Files: {}, Age: {}", HumanSize(bytes), module.file_count, module.age_range)},
       {"edit_status", "generated"},
       {"change_ref", "generated"},
       {"change_date", date},
       {"upload_flag", false},
       {"download_flag", true}});
}

}  // namespace cmdsrv
