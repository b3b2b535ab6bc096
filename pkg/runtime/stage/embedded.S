// The built `stage` program as bytes of this executable (read-only). STAGE_PATH comes from cmake/stage.cmake.
        .section .rodata.appliance_stage, "a", @progbits
        .balign 4096
        .globl appliance_stage_begin
        .globl appliance_stage_end
appliance_stage_begin:
        .incbin STAGE_PATH
appliance_stage_end:
        .byte 0
        .section .note.GNU-stack, "", @progbits
