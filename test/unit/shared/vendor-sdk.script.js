window.VendorSdk = { answer: 42 };
