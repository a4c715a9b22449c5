# Warnings are errors; hardening is the distribution's usual set. Applied to every target of the project.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
                    -Werror -fno-omit-frame-pointer)
# g++ 12 sees overlaps and overruns in std::string::operator+ that are none (its bugs 105651 and 105329).
add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds>
                    $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow>)
# And overreads of short strings, where it optimises.
add_compile_options($<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-stringop-overread>)
# clang 19 finds that std::stable_sort of libstdc++ 12 uses what C++17 deprecates.
add_compile_options($<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
add_compile_options($<$<CONFIG:Release>:-fstack-protector-strong> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
add_link_options($<$<CONFIG:Release>:-Wl,-z,relro,-z,now>)
# Wherever it is built: the same sources make the same bytes (tools/check_reproducible).
add_compile_options($<$<CONFIG:Release>:-ffile-prefix-map=${CMAKE_BINARY_DIR}=build> $<$<CONFIG:Release>:-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.>)

find_program(CMDSRV_CCACHE ccache)
if(CMDSRV_CCACHE)
  # The sloppiness is what ccache asks for where precompiled headers are used.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CMDSRV_CCACHE})
endif()
find_program(CMDSRV_MOLD mold)
if(CMDSRV_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

if(CMDSRV_SANITIZE)
  # The check of dynamic types asks the kernel through a pipe of its own whether memory is there, and takes "no descriptors
  # left" for "no": tests take all descriptors away.
  add_compile_options(-fsanitize=${CMDSRV_SANITIZE} -fno-sanitize-recover=undefined -fno-sanitize=vptr)
  add_link_options(-fsanitize=${CMDSRV_SANITIZE})
endif()

# Reading Boost.JSON and the standard library again for each file is half of a build's time.
option(CMDSRV_PRECOMPILE "precompile the headers that nearly every file includes" ON)
if(CMDSRV_PRECOMPILE AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_compile_options(-fpch-preprocess)  # for ccache
endif()
