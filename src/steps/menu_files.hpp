#pragma once

#include <string>

#include "content/languages.hpp"

namespace cmdsrv {

/// lang_codes.json of the assets directory; without it (said in the output) every code stands for itself.
Languages ReadLanguages(const std::string& assets_dir);

}  // namespace cmdsrv
