// The dashboard's files as bytes of this executable (read-only): the table and what it points into (table.h).
// WEB_UI_INDEX and WEB_UI_BLOB come from cmake/web_ui.cmake.
        .section .rodata.appliance_web_ui, "a", @progbits
        .balign 64
        .globl appliance_web_ui_index_begin
        .globl appliance_web_ui_index_end
        .globl appliance_web_ui_blob_begin
        .globl appliance_web_ui_blob_end
appliance_web_ui_index_begin:
        .incbin WEB_UI_INDEX
appliance_web_ui_index_end:
        .byte 0
appliance_web_ui_blob_begin:
        .incbin WEB_UI_BLOB
appliance_web_ui_blob_end:
        .byte 0
        .section .note.GNU-stack, "", @progbits
