"""What follows `sam build`: it makes cold starts short and changes nothing that the functions do."""
