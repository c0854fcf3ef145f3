"""Why an agent gets no calls: facts of the edge and of the PBX, and what follows from them."""
