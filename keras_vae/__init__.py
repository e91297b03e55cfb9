from keras_vae.models import VAE
