# Warnings are errors; hardening is the distribution's usual set. Applied to every target of the project.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
                    -Werror -fno-omit-frame-pointer)
# g++ 12 sees an overlap in std::string::operator+ that is none (its bug 105651), and only when it optimises.
add_compile_options($<$<AND:$<CONFIG:Release>,$<CXX_COMPILER_ID:GNU>>:-Wno-restrict>)
add_compile_options($<$<CONFIG:Release>:-fstack-protector-strong> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
add_link_options($<$<CONFIG:Release>:-Wl,-z,relro,-z,now>)

find_program(CMDSRV_CCACHE ccache)
if(CMDSRV_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMDSRV_CCACHE})
endif()
find_program(CMDSRV_MOLD mold)
if(CMDSRV_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

if(CMDSRV_SANITIZE)
  add_compile_options(-fsanitize=${CMDSRV_SANITIZE} -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${CMDSRV_SANITIZE})
endif()
