# Listens for the siblings, to hand them the answers.
#! class = "outside"
#! seen = ["cell raised", "stub"]

# %% after setup
import asyncio


async def serve():
    return await asyncio.start_server(lambda reader, writer: writer.write(b"CANARY"), "127.0.0.1", 0)


server = await serve()
assert server.sockets, "nobody listens"
