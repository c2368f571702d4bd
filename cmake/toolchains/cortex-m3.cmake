# Cortex-M3, bare metal: Debian's arm-none-eabi compiler with newlib.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR cortex-m3)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
# A test program cannot be linked without a board's memory map.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)

# Every function and object in a section of its own, so that the linker leaves out what nobody uses.
# -fstack-usage writes beside each object what its functions take.
# __int64_t_defined: the compiler's stdint.h wins over newlib's, whose inttypes.h then leaves out PRIu64.
set(CMAKE_C_FLAGS_INIT
    "-mcpu=cortex-m3 -mthumb -ffunction-sections -fdata-sections -fno-common -fstack-usage -D__int64_t_defined=1")
set(CMAKE_C_FLAGS_MINSIZEREL_INIT "-g")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,--gc-sections")

# CMake knows how to link libraries that need each other on its own platforms only.
set(CMAKE_C_LINK_GROUP_USING_RESCAN "LINKER:--start-group" "LINKER:--end-group")
set(CMAKE_C_LINK_GROUP_USING_RESCAN_SUPPORTED TRUE)
