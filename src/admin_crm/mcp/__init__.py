"""The MCP server: tools with which an assistant looks at a shop and, where it is allowed, writes (extra `mcp`).

`admin-crm mcp` starts it. Nothing here is imported before.
"""
