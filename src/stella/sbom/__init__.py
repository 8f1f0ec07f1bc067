"""What is in it? Layers -> components; CycloneDX in and out."""
